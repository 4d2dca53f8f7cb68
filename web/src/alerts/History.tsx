import { Badge, Button, Group, Paper, Skeleton, Stack, Table, Text, Title } from '@mantine/core'
import { type UseInfiniteQueryResult, useInfiniteQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { alertDeliveriesQuery, alertEpisodesQuery, alertEventsQuery } from '../api/alerts'
import type { Alert, AlertEpisode } from '../api/types'
import { locale } from '../i18n'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { amount } from './describe'

interface Props { title: string; list: UseInfiniteQueryResult<unknown>; empty: string; none: boolean; children: ReactNode }

function Section({ title, list, empty, none, children }: Props) {
  const { t } = useTranslation('alerts')
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Title order={2} size="h5" mb="xs">{title}</Title>
      <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
      {list.isLoading ? <Skeleton h={60} aria-label={t('loading', { ns: 'parts' })} /> : none && <Text size="sm" c="dimmed">{empty}</Text>}
      {children}
      {list.hasNextPage && <Button mt="xs" size="compact-sm" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('more')}</Button>}
    </Paper>
  )
}

/** When it fired, with what was found about why. */
export function Episodes({ alert: a }: { alert: Alert }) {
  const { t } = useTranslation('alerts')
  const list = useInfiniteQuery(alertEpisodesQuery(a.id))
  const rows = list.data?.pages.flatMap((p) => p.items) ?? []
  return (
    <Section title={t('episodes')} list={list} empty={t('noEpisodes')} none={rows.length === 0}>
      <Stack component="ul" className="plain-list" gap="sm">{rows.map((e) => <Episode key={e.id} alert={a} episode={e} />)}</Stack>
    </Section>
  )
}

function Episode({ alert: a, episode: e }: { alert: Alert; episode: AlertEpisode }) {
  const { t } = useTranslation('alerts')
  const share = new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 0 })
  const keys = e.keys.filter(Boolean)
  return (
    <li>
      <Group gap="xs">
        <Text size="sm" fw={600}>{e.ended_at ? t('lasted', { from: moment(e.started_at), to: moment(e.ended_at) }) : moment(e.started_at)}</Text>
        {!e.ended_at && <Badge size="sm" color="red">{t('ongoing')}</Badge>}
        {e.value != null && <Text size="sm">{amount(a.condition, e.value)}</Text>}
        {keys.length > 0 && <Text size="sm" c="dimmed" className="wrap">{keys.slice(0, 8).join(', ')}{keys.length > 8 && ` +${keys.length - 8}`}</Text>}
        {e.acked_at && <Text size="xs" c="dimmed">{t('act.acked', { when: moment(e.acked_at) })}</Text>}
      </Group>
      {e.finding && (
        <Paper bg="var(--mantine-color-default-hover)" p="xs" mt={4} data-testid="finding">
          <Text size="sm" className="wrap"><b>{t('why')}</b> {e.finding.text}</Text>
          {!!e.finding.parts?.length && (
            <Table.ScrollContainer minWidth={320}>
              <Table mt={4} withRowBorders={false} verticalSpacing={2}>
                <Table.Tbody>{e.finding.parts.map((p) => (
                  <Table.Tr key={p.dimension + p.value}>
                    <Table.Td>{p.dimension}</Table.Td><Table.Td className="wrap">{p.value}</Table.Td>
                    <Table.Td ta="right">{amount(a.condition, p.before)} → {amount(a.condition, p.now)}</Table.Td>
                    <Table.Td ta="right">{t('share')} {share.format(p.share)}</Table.Td>
                  </Table.Tr>
                ))}</Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </Paper>
      )}
      {!e.finding && !e.ended_at && <Text size="xs" c="dimmed">{t('looking')}</Text>}
    </li>
  )
}

const SENT = { sent: 'teal', failed: 'red', late: 'orange', skipped: 'gray', queued: 'blue', sending: 'blue' } as const

/** What it told, message by message. */
export function Deliveries({ id }: { id: string }) {
  const { t } = useTranslation('alerts')
  const list = useInfiniteQuery(alertDeliveriesQuery(id))
  const rows = list.data?.pages.flatMap((p) => p.items) ?? []
  return (
    <Section title={t('deliveries')} list={list} empty={t('noDeliveries')} none={rows.length === 0}>
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={560}>
          <Table>
            <Table.Thead><Table.Tr><Table.Th>{t('message')}</Table.Th><Table.Th>{t('channel')}</Table.Th><Table.Th>{t('state')}</Table.Th><Table.Th>{t('sentAt')}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>{rows.map((d) => (
              <Table.Tr key={d.id}>
                <Table.Td className="wrap">{d.title}</Table.Td>
                <Table.Td className="wrap">{d.channel_name}{d.recipient && ` · ${d.recipient}`}</Table.Td>
                <Table.Td><Badge size="sm" variant="light" color={SENT[d.status]}>{t(`delivery.${d.status}`)}</Badge>{d.reason && <Text size="xs" c="dimmed" className="wrap">{d.reason}</Text>}</Table.Td>
                <Table.Td>{moment(d.sent_at ?? d.created_at)}</Table.Td>
              </Table.Tr>
            ))}</Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Section>
  )
}

/** Every change of its state. */
export function Events({ id }: { id: string }) {
  const { t } = useTranslation('alerts')
  const list = useInfiniteQuery(alertEventsQuery(id))
  const rows = list.data?.pages.flatMap((p) => p.items) ?? []
  return (
    <Section title={t('history')} list={list} empty={t('noHistory')} none={rows.length === 0}>
      <Stack component="ul" className="plain-list" gap={2}>
        {rows.map((e) => (
          <Group key={e.id} component="li" gap="xs" wrap="nowrap" align="baseline">
            <Text size="xs" c="dimmed" miw={130}>{moment(e.at)}</Text>
            <Text size="sm" className="wrap">{t(`event.${kindOf(e)}`, { key: e.key ? `: ${e.key}` : '', text: e.text ?? '' })}</Text>
          </Group>
        ))}
      </Stack>
    </Section>
  )
}

type Kind = 'pending' | 'fired' | 'over' | 'opened' | 'closed' | 'snoozed' | 'unsnoozed'
const kindOf = (e: { kind: string }) => e.kind as Kind
