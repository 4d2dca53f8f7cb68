import { Button, Group, Paper, Select, SimpleGrid, Skeleton, Text, TextInput } from '@mantine/core'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { deliveriesQuery, type DeliveryFilter } from '../api/queries'
import type { Channel, Delivery } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { Section } from '../settings/Section'
import { DeliveryEntry } from './DeliveryEntry'

const STATUSES: Delivery['status'][] = ['queued', 'sending', 'sent', 'failed', 'skipped', 'late']
const SUBJECTS = ['alert/', 'report/', 'export/', 'test/'] as const

/** How often what is on its way is looked at again. */
const AGAIN = 3000

interface Props {
  channels: Channel[]
  /** The only channel that is shown; '' for all. */
  channel: string
  onChannel: (id: string) => void
}

/** The ledger: what was told to whom, when, and why not. */
export function Deliveries({ channels, channel, onChannel }: Props) {
  const { t } = useTranslation('channels')
  const [rest, setRest] = useState<Omit<DeliveryFilter, 'channel'>>({ status: '', subject: '', from: '', to: '' })
  const filter = { ...rest, channel }
  const list = useInfiniteQuery({
    ...deliveriesQuery(filter), placeholderData: keepPreviousData,
    refetchInterval: (query) => (query.state.data?.pages.some((p) => p.items.some((d) => d.status === 'queued' || d.status === 'sending')) ? AGAIN : false),
  })
  const entries = list.data?.pages.flatMap((p) => p.items)
  const set = (change: Partial<typeof rest>) => setRest((f) => ({ ...f, ...change }))
  const chosen = Object.values(filter).some(Boolean)
  const clear = () => { setRest({ status: '', subject: '', from: '', to: '' }); onChannel('') }
  const top = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (channel) void top.current?.scrollIntoView({ block: 'start' })
  }, [channel])
  return (
    <div ref={top}>
      <Section title={t('deliveries.title')} about={t('deliveries.about')}>
        <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" role="group" aria-label={t('deliveries.filters')}>
          <Select label={t('deliveries.channel')} placeholder={t('deliveries.all')} data={channels.map((c) => ({ value: c.id, label: c.name }))} value={channel || null} onChange={(v) => onChannel(v ?? '')} clearable clearButtonProps={{ 'aria-label': t('deliveries.clear') }} />
          <Select label={t('deliveries.status')} placeholder={t('deliveries.all')} data={STATUSES.map((value) => ({ value, label: t(`status.${value}`) }))} value={rest.status || null} onChange={(v) => set({ status: (v ?? '') as DeliveryFilter['status'] })} clearable
            clearButtonProps={{ 'aria-label': t('deliveries.clear') }} />
          <Select label={t('deliveries.subject')} placeholder={t('deliveries.all')} data={SUBJECTS.map((value) => ({ value, label: t(`subject.${value.slice(0, -1) as 'alert'}`) }))} value={rest.subject || null} onChange={(v) => set({ subject: v ?? '' })} clearable
            clearButtonProps={{ 'aria-label': t('deliveries.clear') }} />
          <Group grow gap="sm">
            <TextInput type="date" label={t('deliveries.from')} value={rest.from} max={rest.to || undefined} onChange={(e) => set({ from: e.target.value })} />
            <TextInput type="date" label={t('deliveries.to')} value={rest.to} min={rest.from || undefined} onChange={(e) => set({ to: e.target.value })} />
          </Group>
        </SimpleGrid>
        {chosen && <Button size="compact-sm" variant="subtle" w="fit-content" onClick={clear}>{t('deliveries.clear')}</Button>}
        <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
        {list.isLoading && <Skeleton h={160} aria-label={t('loading', { ns: 'parts' })} />}
        {entries?.length === 0 && <Text size="sm">{t(chosen ? 'deliveries.noMatch' : 'deliveries.none')}</Text>}
        {!!entries?.length && !list.error && (
          <Paper withBorder component="ul" className="plain-list rows" style={list.isPlaceholderData ? { opacity: 0.5 } : undefined}>{entries.map((d) => <DeliveryEntry key={d.id} delivery={d} />)}</Paper>
        )}
        {list.hasNextPage && <Button variant="default" w="fit-content" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('deliveries.older')}</Button>}
      </Section>
    </div>
  )
}
