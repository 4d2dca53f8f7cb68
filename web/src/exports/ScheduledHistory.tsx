import { Badge, Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { scheduledExportsQuery } from '../api/exports'
import type { ScheduledExport } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { COLORS } from './choices'
import { ExportProgress } from './ExportProgress'

/** What a schedule has exported, and what became of each. */
export function ScheduledHistory({ id }: { id: string }) {
  const { t } = useTranslation('exports')
  const made = useInfiniteQuery(scheduledExportsQuery(id))
  const items = made.data?.pages.flatMap((p) => p.items)
  return (
    <Stack gap="sm" pt="xs">
      <ErrorNote error={made.error} onRetry={() => void made.refetch()} />
      {made.isPending && !made.error && <Skeleton h={60} aria-label={t('loading', { ns: 'parts' })} />}
      {items?.length === 0 && <Text size="sm">{t('scheduled.noHistory')}</Text>}
      {items?.map((e) => <Made key={e.id} export={e} />)}
      {made.hasNextPage && <Button size="compact-sm" variant="default" w="fit-content" loading={made.isFetchingNextPage} onClick={() => void made.fetchNextPage()}>{t('more')}</Button>}
    </Stack>
  )
}

function Made({ export: e }: { export: ScheduledExport }) {
  const { t } = useTranslation('exports')
  const to = (m: ScheduledExport['messages'][number]) => m.channel_name + (m.recipient ? `, ${m.recipient}` : '')
  return (
    <Stack gap={4} data-export={e.id} data-status={e.status}>
      <Group gap="xs">
        <Text size="sm" fw={600}>{t('scheduled.due', { when: moment(e.scheduled_at ?? e.created_at) })}</Text>
        <Badge size="sm" color={COLORS[e.status]} variant="light">{t(`status.${e.status}`)}</Badge>
      </Group>
      {e.copied_to && <Text size="xs" c="dimmed" className="wrap">{t('scheduled.copied', { place: e.copied_to })}</Text>}
      {e.copy_error && <Text size="xs" c="red" className="wrap">{t('scheduled.notCopied', { why: e.copy_error })}</Text>}
      {e.messages.map((m) => <Text key={m.id} size="xs" c={m.status === 'failed' || m.status === 'late' ? 'red' : 'dimmed'} className="wrap">{t(`scheduled.message.${m.status}`, { to: to(m), why: m.reason ?? '' })}</Text>)}
      <ExportProgress export={e} />
    </Stack>
  )
}
