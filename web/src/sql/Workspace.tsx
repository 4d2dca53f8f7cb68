import { Badge, Button, Divider, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useDebouncedValue, useDisclosure } from '@mantine/hooks'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Suspense, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Answer } from '../answer/Answer'
import { api, newKey, Problem, unwrap } from '../api/client'
import { checkQuery, completionOf, completionQuery, sqlRunQuery } from '../api/editor'
import { conversationsQuery } from '../api/queries'
import type { SavedQuery } from '../api/types'
import { ExportButton } from '../exports/ExportButton'
import { ErrorNote } from '../parts/ErrorNote'
import { lazyPart } from '../parts/lazyPage'
import { PageLink } from '../parts/links'
import { type Draft, openSaved, type Run, useDraft, withRun } from './draft'
import { History } from './History'
import { ParameterFields } from './ParameterFields'
import { declared, type Field, fieldsOf, toSave, valueOf } from './parameters'
import { Saved } from './Saved'
import { SaveButtons } from './SaveButtons'
import { Verdict } from './Verdict'

const SqlEditor = lazyPart(() => import('../parts/SqlEditor'))
const CHECK_AFTER_MS = 350

/** The editor of one database, with what its last run gave. */
export function Workspace({ person, connection, open }: { person: string; connection: string; open?: SavedQuery }) {
  const { t } = useTranslation('sql')
  const queries = useQueryClient()
  const [draft, change] = useDraft(person, connection)
  const [listed, list] = useDisclosure(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const { sql, saved } = draft
  const fields = useMemo(() => fieldsOf(sql, draft.fields), [sql, draft.fields])
  const set = (part: Partial<Draft>) => change((d) => ({ ...d, ...part }))

  useEffect(() => { // what a link leads to
    if (open) change((d) => (d.saved?.id === open.id ? d : openSaved(d, open)))
  }, [open, change])

  const names = useQuery(completionQuery(connection))
  const completion = useMemo(() => names.data && completionOf(names.data), [names.data])
  const [settled] = useDebouncedValue(JSON.stringify({ sql, parameters: fields.map(declared) }), CHECK_AFTER_MS)
  const subject = JSON.parse(settled) as { sql: string; parameters: ReturnType<typeof declared>[] }
  const check = useQuery({ ...checkQuery(connection, subject.sql, subject.parameters), enabled: !!subject.sql.trim() })
  const current = subject.sql === sql ? check : undefined

  const run = useRun(connection, draft, async (start) => {
    if (busy || !sql.trim()) return
    setBusy(true)
    setError(null)
    try {
      const made = await start(sql, fields)
      change((d) => withRun(d, made))
      void queries.invalidateQueries({ queryKey: conversationsQuery.queryKey })
    } catch (e) {
      setError(e as Error)
    }
    setBusy(false)
  })
  const format = async () => {
    const { formatSql } = await import('../parts/formatSql')
    change((d) => ({ ...d, sql: formatSql(d.sql) }))
  }
  const changed = !!saved && (saved.sql !== sql.trim() || JSON.stringify(saved.parameters) !== JSON.stringify(toSave(fields)))
  return (
    <Stack gap="sm">
      {saved && (
        <Group gap="xs" data-testid="opened">
          <Text size="sm" fw={600} className="wrap">{saved.name}</Text>
          {saved.shared && <Badge variant="light">{t('shared')}</Badge>}
          {changed && <Text size="xs" c="dimmed">{t('changed')}</Text>}
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => change((d) => ({ ...d, saved: undefined, sql: '', fields: [] }))}>{t('new')}</Button>
        </Group>
      )}
      <Suspense fallback={<Skeleton h={160} />}>
        <SqlEditor value={sql} label={t('editor')} onChange={(text) => set({ sql: text })} onRun={() => void run()} completion={completion} minLines={6}
          placeholder="SELECT …" wrong={current?.data?.position} />
      </Suspense>
      <Verdict connection={connection} sql={sql} check={current?.data} error={current?.error} />
      {fields.length > 0 && <ParameterFields fields={fields} onChange={(all) => set({ fields: all })} />}
      <Group gap="xs">
        <Button loading={busy} disabled={!sql.trim()} onClick={() => void run()}>{t('run')}</Button>
        <Button variant="default" disabled={!sql.trim()} onClick={() => void format()}>{t('format')}</Button>
        <SaveButtons connection={connection} sql={sql} fields={fields} saved={saved} changed={changed} onSaved={(query) => change((d) => openSaved(d, query))} />
        <ExportButton disabled={!sql.trim()} source={() => ({ connection_id: connection, sql: sql.trim(), parameters: fields.map((f) => ({ ...declared(f), value: valueOf(f) })) })} />
        <Text size="xs" c="dimmed" visibleFrom="lg">{t('keys')}</Text>
        <Button variant="default" ml="auto" onClick={list.open}>{t('savedQueries')}</Button>
      </Group>
      <ErrorNote error={error} />
      {draft.shown && <Shown key={draft.shown} run={draft.runs.find((r) => r.id === draft.shown)} onAgain={() => void run()} />}
      {draft.runs.length > 0 && <><Divider mt="md" /><History runs={draft.runs} shown={draft.shown} onShow={(r) => set({ shown: r.id })} onTake={(r) => set({ sql: r.sql, fields: r.fields, shown: r.id })} /></>}
      <Saved connection={connection} opened={listed} onClose={list.close} onOpen={(query) => { change((d) => openSaved(d, query)); list.close() }}
        current={saved?.id} onGone={() => set({ saved: undefined })} onChanged={(query) => set({ saved: query })} />
    </Stack>
  )
}

type Start = (sql: string, fields: Field[]) => Promise<Run>

/**
 * Starts runs. All of a visit are of one conversation, which is made by the first; one whose answer did not come
 * is sent again under the same key, so that it is one run.
 */
function useRun(connection: string, draft: Draft, doing: (start: Start) => Promise<void>): () => Promise<void> {
  const queries = useQueryClient()
  const sent = useRef({ body: '', key: '' })
  const start: Start = async (sql, fields) => {
    const body = {
      sql, ...(draft.saved?.sql === sql.trim() && { title: draft.saved.name }), conversation_id: draft.runs[0]?.conversation,
      parameters: fields.map((f) => ({ ...declared(f), value: valueOf(f) })),
    }
    const text = JSON.stringify(body)
    if (sent.current.body !== text) sent.current = { body: text, key: newKey() }
    const post = (what: typeof body) => unwrap(api.POST('/api/v1/connections/{id}/sql',
      { params: { path: { id: connection }, header: { 'Idempotency-Key': sent.current.key } }, body: what }))
    const question = await post(body).catch((e: unknown) => {
      if (!(e instanceof Problem) || e.status !== 404 || !body.conversation_id) throw e
      return post({ ...body, conversation_id: undefined }) // somebody has deleted the conversation
    })
    sent.current = { body: '', key: '' }
    queries.setQueryData(sqlRunQuery(question.id).queryKey, question)
    return { id: question.id, conversation: question.conversation_id, sql, fields, at: question.created_at }
  }
  return () => doing(start)
}

function Shown({ run, onAgain }: { run?: Run; onAgain: () => void }) {
  const { t } = useTranslation('sql')
  const question = useQuery({ ...sqlRunQuery(run?.id ?? ''), enabled: !!run })
  if (!run) return null
  return (
    <Stack gap={4} mt="sm">
      {question.isPending && <Skeleton h={200} aria-label={t('loading', { ns: 'parts' })} />}
      <ErrorNote error={question.error} onRetry={() => void question.refetch()} />
      {question.data && <Answer question={question.data} ask={onAgain} />}
      {question.data && <PageLink to="/conversations/$id" params={{ id: run.conversation }} size="sm" underline="always" w="fit-content">{t('toConversation')}</PageLink>}
    </Stack>
  )
}
