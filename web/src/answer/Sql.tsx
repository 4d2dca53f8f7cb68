import { Button, Code, Collapse, CopyButton, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Suspense, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { catalogQuery } from '../api/queries'
import type { Catalog } from '../api/types'
import { lazyPart } from '../parts/lazyPage'

const SqlEditor = lazyPart(() => import('../parts/SqlEditor'))

interface Props {
  sql: string
  /** The SQL of the first run, where a person has changed it since. */
  first?: string
  connection: string
  editable: boolean
  /** Runs other SQL; false when that did not start. */
  onRun: (sql: string) => Promise<boolean>
}

/** The SQL that ran; a person may change it and run it again under the same guard. */
export function Sql({ sql, first, connection, editable, onRun }: Props) {
  const { t } = useTranslation('answer')
  const [open, { toggle }] = useDisclosure(true)
  const [draft, setDraft] = useState<string | null>(null)
  const [compared, compare] = useDisclosure(false)
  const [busy, setBusy] = useState(false)
  const catalog = useQuery({ ...catalogQuery(connection), enabled: draft !== null })
  const completion = useMemo(() => catalog.data && completionOf(catalog.data), [catalog.data])
  const changed = first !== undefined && first.trim() !== sql.trim()
  const run = async () => {
    if (draft === null || !draft.trim() || busy) return
    setBusy(true)
    if (await onRun(draft)) setDraft(null)
    setBusy(false)
  }
  const format = async () => {
    const { formatSql } = await import('../parts/formatSql')
    setDraft((d) => d && formatSql(d))
  }
  return (
    <div>
      <Group gap={4}>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={toggle} aria-expanded={open}>{t(open ? 'sql.hide' : 'sql.show')}</Button>
        {open && draft === null && editable && <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setDraft(sql)}>{t('sql.edit')}</Button>}
        {open && draft === null && changed && <Button size="compact-xs" variant="subtle" color="gray" aria-pressed={compared} onClick={compare.toggle}>{t(compared ? 'sql.compareNot' : 'sql.compare')}</Button>}
        {open && draft === null && <CopyButton value={sql}>{({ copied, copy }) => <Button size="compact-xs" variant="subtle" color="gray" onClick={copy}>{t(copied ? 'copied' : 'sql.copy')}</Button>}</CopyButton>}
      </Group>
      <Collapse expanded={open}>
        <Suspense fallback={<Code block className="sql">{sql}</Code>}>
          {draft === null ? (
            <div className="sql-view">{compared && changed
              ? <><Text size="xs" c="dimmed">{t('sql.compared')}</Text><SqlEditor key="compared" value={sql} original={first} label={t('sql.label')} readOnly /></>
              : <SqlEditor key="plain" value={sql} label={t('sql.label')} readOnly />}</div>
          ) : (
            <Stack gap="xs" mt={4}>
              {catalog.isLoading && <Skeleton h={2} />}
              <SqlEditor key="draft" value={draft} label={t('sql.label')} onChange={setDraft} onRun={() => void run()} completion={completion} />
              <Group gap="xs">
                <Button size="xs" loading={busy} disabled={!draft.trim()} onClick={() => void run()}>{t('sql.run')}</Button>
                <Button size="xs" variant="default" disabled={busy} onClick={() => void format()}>{t('sql.format')}</Button>
                <Button size="xs" variant="default" disabled={busy} onClick={() => setDraft(null)}>{t('cancel', { ns: 'parts' })}</Button>
                <Text size="xs" c="dimmed">{t('sql.keys')}</Text>
              </Group>
            </Stack>
          )}
        </Suspense>
      </Collapse>
    </div>
  )
}

/** Tables by their name, with the schema where that is needed. */
function completionOf(catalog: Catalog): Record<string, string[]> {
  return Object.fromEntries(catalog.tables.map((t) => [t.schema === 'public' ? t.name : `${t.schema}.${t.name}`, t.columns.map((c) => c.name)]))
}
