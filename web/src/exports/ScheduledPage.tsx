import { Badge, Button, Collapse, Group, Modal, Paper, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { lookSoon } from '../api/alerts'
import { api, unwrap } from '../api/client'
import { exportSchedulesKey, exportSchedulesQuery } from '../api/exports'
import { connectionsQuery, meQuery } from '../api/queries'
import type { ExportSchedule } from '../api/types'
import { Confirm } from '../parts/Confirm'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { scheduleWords } from '../parts/schedule'
import { useAct } from '../parts/useAct'
import { EditSchedule } from './EditSchedule'
import { ScheduledHistory } from './ScheduledHistory'
import { Head } from './Tabs'
import './words'

/** One's scheduled exports: when they run, how the last one went, and what can be done with them. */
export function ScheduledPage() {
  const { t } = useTranslation('exports')
  const me = useQuery(meQuery)
  const list = useInfiniteQuery({ ...exportSchedulesQuery, enabled: !!me.data?.permissions.includes('exports.read') })
  const [editing, setEditing] = useState<ExportSchedule | null>(null)
  const [going, setGoing] = useState<ExportSchedule | null>(null)
  const remove = useAct((id: string) => unwrap(api.DELETE('/api/v1/export-schedules/{id}', { params: { path: { id } } })), [exportSchedulesKey], () => setGoing(null))
  if (me.data && !me.data.permissions.includes('exports.read')) return <Text>{t('forbidden')}</Text>
  const items = list.data?.pages.flatMap((p) => p.items)
  return (
    <Stack maw={900} mx="auto">
      <Head page="scheduled" />
      <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
      {list.isPending && !list.error && <Skeleton h={140} aria-label={t('loading', { ns: 'parts' })} />}
      {items?.length === 0 && <Text>{t('scheduled.none')}</Text>}
      {items?.map((s) => <Item key={s.id} schedule={s} onEdit={() => setEditing(s)} onDelete={() => { remove.reset(); setGoing(s) }} />)}
      {list.hasNextPage && <Button variant="default" w="fit-content" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('more')}</Button>}
      <Modal opened={!!editing} onClose={() => setEditing(null)} size="lg" title={t('scheduled.editTitle')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        {editing && <EditSchedule schedule={editing} onDone={() => setEditing(null)} />}
      </Modal>
      <Confirm opened={!!going} onClose={() => setGoing(null)} title={t('scheduled.deleteTitle', { name: going?.name ?? '' })} action={t('scheduled.delete')} busy={remove.isPending} error={remove.error} onConfirm={() => going && remove.mutate(going.id)}>
        <Text size="sm">{t('scheduled.deleteText')}</Text>
      </Confirm>
    </Stack>
  )
}

function Item({ schedule: s, onEdit, onDelete }: { schedule: ExportSchedule; onEdit: () => void; onDelete: () => void }) {
  const { t } = useTranslation('exports')
  const { t: words } = useTranslation()
  const list = useInfiniteQuery(exportSchedulesQuery)
  const connections = useQuery(connectionsQuery)
  const [open, { toggle }] = useDisclosure(false)
  const params = { path: { id: s.id } }
  const act = useAct((what: 'run' | 'pause' | 'resume') => unwrap(api.POST(`/api/v1/export-schedules/{id}/${what}`, { params })), [exportSchedulesKey],
    (_, what) => { if (what === 'run') lookSoon(() => void list.refetch()) })
  const button = (what: 'run' | 'pause' | 'resume', text: string) =>
    <Button size="compact-sm" variant="default" loading={act.isPending && act.variables === what} onClick={() => act.mutate(what)}>{text}</Button>
  const connection = connections.data?.find((c) => c.id === s.connection_id)
  const facts = [connection?.name, t(`formats.${s.format}`) + (s.compression === 'none' ? '' : ` · ${t(`compressions.${s.compression}`)}`), scheduleWords(words, s.cron, s.time_zone)].filter(Boolean)
  const why = (['owner_left', 'right_lost', 'connection_gone'] as const).find((c) => c === s.pause_code)
  const { last } = s
  return (
    <Paper withBorder p="md" component="article" aria-label={s.name} data-schedule={s.id} data-status={s.paused ? 'paused' : 'active'}>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap" align="start">
          <div style={{ minWidth: 0 }}>
            <Title order={2} size="h5" className="wrap">{s.name}</Title>
            <Text size="xs" c="dimmed" className="wrap">{facts.join(' · ')}</Text>
          </div>
          <Badge color={s.paused ? 'yellow' : 'teal'} variant="light" miw="max-content">{t(`scheduled.status.${s.paused ? 'paused' : 'active'}`)}</Badge>
        </Group>
        {s.paused ? <Text size="sm" c={why ? 'red' : undefined}>{t(`scheduled.pause.${why ?? 'paused'}`)}</Text>
          : s.next?.[0] && <Text size="sm">{t('scheduled.next', { when: moment(s.next[0]) })}</Text>}
        <Text size="sm" c="dimmed" className="wrap" aria-live="polite">{last ? t('scheduled.last', { status: t(`status.${last.status}`), when: moment(last.ended_at ?? last.created_at) }) : t('scheduled.never')}</Text>
        {last?.error && <Text size="sm" c="red" className="wrap">{last.error}</Text>}
        {s.object && <Text size="xs" c="dimmed" className="wrap">{t('scheduled.object', { name: `${s.target}: ${s.object}` })}</Text>}
        <ErrorNote error={act.error} />
        <Group gap="xs">
          {button('run', t('scheduled.run'))}
          {s.paused ? button('resume', t('scheduled.resume')) : button('pause', t('scheduled.pauseIt'))}
          <Button size="compact-sm" variant="default" onClick={onEdit}>{t('scheduled.edit')}</Button>
          <Button size="compact-sm" variant="default" aria-expanded={open} onClick={toggle}>{t('scheduled.history')}</Button>
          <Button size="compact-sm" variant="subtle" color="red" onClick={onDelete}>{t('scheduled.delete')}</Button>
        </Group>
        <Collapse expanded={open}>{open && <ScheduledHistory id={s.id} />}</Collapse>
      </Stack>
    </Paper>
  )
}
