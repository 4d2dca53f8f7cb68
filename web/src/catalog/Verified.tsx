import { Badge, Button, Group, Modal, Paper, SegmentedControl, Skeleton, Stack, Text, Textarea } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Suspense, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { verifiedQuery } from '../api/catalog'
import { api, unwrap } from '../api/client'
import { completionOf, completionQuery } from '../api/editor'
import { meQuery } from '../api/queries'
import type { VerifiedQuestion } from '../api/types'
import { locale } from '../i18n'
import { ErrorNote } from '../parts/ErrorNote'
import { lazyPart } from '../parts/lazyPage'
import { DeleteButton } from './DeleteButton'

const SqlEditor = lazyPart(() => import('../parts/SqlEditor'))
const STATUSES = ['all', 'proposed', 'verified'] as const
type Status = (typeof STATUSES)[number]

/** Questions with SQL that somebody stands for, and those that are proposed. */
export function Verified({ connection }: { connection: string }) {
  const { t } = useTranslation('catalog')
  const me = useQuery(meQuery)
  const list = useQuery(verifiedQuery(connection))
  const [status, setStatus] = useState<Status>('all')
  const mayVerify = me.data?.permissions.includes('questions.verify') ?? false
  const shown = list.data?.filter((v) => status === 'all' || v.status === status)
  return (
    <Stack gap="sm">
      <SegmentedControl aria-label={t('statusLabel')} w="fit-content" value={status} onChange={(v) => setStatus(v as Status)} data={STATUSES.map((value) => ({ value, label: t(`status.${value}`) }))} />
      <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
      {list.isPending && <Skeleton h={160} aria-label={t('loading', { ns: 'parts' })} />}
      {shown?.length === 0 && <Text size="sm" c="dimmed">{t(list.data?.length ? 'noneOfStatus' : 'noVerified')}</Text>}
      <Stack component="ul" className="plain-list" gap="xs">
        {shown?.map((v) => <Item key={v.id} connection={connection} verified={v} mayVerify={mayVerify} />)}
      </Stack>
    </Stack>
  )
}

function Item({ connection, verified: v, mayVerify }: { connection: string; verified: VerifiedQuestion; mayVerify: boolean }) {
  const { t } = useTranslation('catalog')
  const queries = useQueryClient()
  const [editing, setEditing] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const refresh = () => queries.invalidateQueries({ queryKey: verifiedQuery(connection).queryKey })
  const date = (text: string) => new Date(text).toLocaleDateString(locale(), { dateStyle: 'medium' })
  const verify = async () => {
    setBusy(true)
    setError(null)
    try {
      await unwrap(api.POST('/api/v1/verified-questions/{id}/verify', { params: { path: { id: v.id }, query: { seen: v.updated_at } } }))
      await refresh()
    } catch (e) {
      setError(e as Error)
    }
    setBusy(false)
  }
  return (
    <Paper component="li" withBorder p="sm" aria-label={v.question} data-status={v.status}>
      <Group justify="space-between" align="start">
        <div style={{ minWidth: 0, flex: 1 }}>
          <Text size="sm" fw={600} className="wrap">{v.question}</Text>
          <Text size="xs" c="dimmed">{v.verified_at && v.status === 'verified' ? t('verifiedBy', { name: v.verified_by_name ?? '', when: date(v.verified_at) }) : t('proposedOn', { when: date(v.created_at) })}</Text>
        </div>
        <Group gap={4}>
          <Badge variant="light" color={v.status === 'verified' ? 'teal' : 'yellow'}>{t(`status.${v.status}`)}</Badge>
          {mayVerify && v.status === 'proposed' && <Button size="compact-xs" loading={busy} onClick={() => void verify()}>{t('verify')}</Button>}
          {mayVerify && <Button size="compact-xs" variant="subtle" color="gray" aria-label={t('changeNamed', { name: v.question })} onClick={() => setEditing(true)}>{t('change')}</Button>}
          {mayVerify && <DeleteButton name={v.question} onDelete={async () => {
            await unwrap(api.DELETE('/api/v1/verified-questions/{id}', { params: { path: { id: v.id } } }))
            await refresh()
          }} />}
        </Group>
      </Group>
      {v.understanding && <Text size="xs" c="dimmed" className="wrap">{v.understanding}</Text>}
      <Text component="pre" size="xs" ff="monospace" className="sql sql-view" mt={4} mb={0} tabIndex={0}>{v.sql}</Text>
      <ErrorNote error={error} />
      <Modal opened={editing} onClose={() => setEditing(false)} size="xl" title={t('editVerified')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        <EditForm connection={connection} verified={v} onDone={() => { setEditing(false); return refresh() }} />
      </Modal>
    </Paper>
  )
}

function EditForm({ connection, verified: v, onDone }: { connection: string; verified: VerifiedQuestion; onDone: () => Promise<void> }) {
  const { t } = useTranslation('catalog')
  const [question, setQuestion] = useState(v.question)
  const [sql, setSql] = useState(v.sql)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const names = useQuery(completionQuery(connection))
  const completion = useMemo(() => names.data && completionOf(names.data), [names.data])
  const save = async () => {
    setBusy(true)
    setError(null)
    try {
      await unwrap(api.PATCH('/api/v1/verified-questions/{id}', { params: { path: { id: v.id } }, body: { question, sql } }))
      await onDone()
    } catch (e) {
      setError(e as Error)
      setBusy(false)
    }
  }
  return (
    <form onSubmit={(e) => { e.preventDefault(); void save() }}>
      <Stack>
        <Textarea label={t('verifiedQuestion')} required autosize maxLength={2000} value={question} onChange={(e) => setQuestion(e.target.value)} />
        <Suspense fallback={<Skeleton h={160} />}>
          <SqlEditor value={sql} label="SQL" onChange={setSql} onRun={() => void save()} completion={completion} />
        </Suspense>
        <Text size="xs" c="dimmed">{t('mustVerify')}</Text>
        <ErrorNote error={error} />
        <Group><Button type="submit" loading={busy} disabled={!question.trim() || !sql.trim()}>{t('save', { ns: 'parts' })}</Button><Button variant="default" onClick={() => void onDone()}>{t('cancel', { ns: 'parts' })}</Button></Group>
      </Stack>
    </form>
  )
}
