import { Button, Code, Collapse, Group, ScrollArea, Stack, Textarea } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'

interface Props {
  sql: string
  editable: boolean
  /** Runs other SQL; false when that did not start. */
  onRun: (sql: string) => Promise<boolean>
}

/** The SQL that ran; a person may change it and run it again under the same guard. */
export function Sql({ sql, editable, onRun }: Props) {
  const { t } = useTranslation('answer')
  const [open, { toggle }] = useDisclosure(true)
  const [draft, setDraft] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const run = async () => {
    if (draft === null) return
    setBusy(true)
    if (await onRun(draft)) setDraft(null)
    setBusy(false)
  }
  return (
    <div>
      <Group gap={4}>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={toggle} aria-expanded={open}>{t(open ? 'sql.hide' : 'sql.show')}</Button>
        {editable && draft === null && open && <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setDraft(sql)}>{t('sql.edit')}</Button>}
      </Group>
      <Collapse expanded={open}>
        {draft === null ? (
          <ScrollArea.Autosize mah={260} type="auto" mt={4} viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('sql.label') }}>
            <Code block data-testid="sql" className="sql">{sql}</Code>
          </ScrollArea.Autosize>
        ) : (
          <Stack gap="xs" mt={4}>
            <Textarea aria-label={t('sql.label')} autosize minRows={4} maxRows={20} maxLength={100_000} spellCheck={false} autoFocus disabled={busy}
              styles={{ input: { fontFamily: 'monospace' } }} value={draft} onChange={(e) => setDraft(e.target.value)} />
            <Group gap="xs">
              <Button size="xs" loading={busy} disabled={!draft.trim()} onClick={() => void run()}>{t('sql.run')}</Button>
              <Button size="xs" variant="default" disabled={busy} onClick={() => setDraft(null)}>{t('cancel', { ns: 'parts' })}</Button>
            </Group>
          </Stack>
        )}
      </Collapse>
    </div>
  )
}
