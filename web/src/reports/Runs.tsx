import { Badge, Button, Collapse, Group, Paper, Skeleton, Stack, Table, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { type Report, reportDeliveriesQuery, reportFile, type ReportRun, reportRunsQuery } from '../api/reports'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { useAct } from '../parts/useAct'
import { COLORS, outcome } from './describe'
import { savePdf } from './savePdf'
import { Advice } from './Warnings'

/** Every run, what came of it, and what it told to whom. */
export function Runs({ report: r }: { report: Report }) {
  const { t } = useTranslation('reports')
  const list = useInfiniteQuery(reportRunsQuery(r.id))
  const rows = list.data?.pages.flatMap((p) => p.items) ?? []
  const missed = list.data?.pages[0]?.missed ?? []
  return (
    <Paper withBorder p="md" component="section" aria-label={t('runs.title')}>
      <Title order={2} size="h5" mb="xs">{t('runs.title')}</Title>
      <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
      {list.isLoading ? <Skeleton h={60} aria-label={t('loading', { ns: 'parts' })} /> : !rows.length && !list.error && <Text size="sm" c="dimmed">{t('runs.none')}</Text>}
      {missed.length > 0 && <Advice text={`${t('runs.missed', { count: missed.length })} ${t('runs.missedWhen', { when: moment(missed.at(-1) ?? '') })} ${r.mine ? t('runs.advice') : ''}`} />}
      <Stack component="ul" className="plain-list" gap={0}>{rows.map((run, i) => <Run key={run.id} report={r} run={run} first={i === 0} />)}</Stack>
      {list.hasNextPage && <Button mt="xs" size="compact-sm" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('more')}</Button>}
    </Paper>
  )
}

function Run({ report: r, run, first }: { report: Report; run: ReportRun; first: boolean }) {
  const { t } = useTranslation('reports')
  const [open, { toggle }] = useDisclosure(first)
  const pdf = useAct(() => savePdf(r.name, () => reportFile(run.id)), [])
  const came = outcome(run)
  const ended = run.status !== 'running'
  const told = run.status === 'sent' || run.status === 'failed' ? [t('runs.told', { count: run.told }), run.skipped > 0 && t('runs.skipped', { count: run.skipped })].filter(Boolean).join(', ') : ''
  const messages = ended && run.told + run.skipped > 0
  return (
    <li className="row-of-list" data-testid="run" data-status={run.status}>
      <Group justify="space-between" gap="xs">
        <Group gap="xs">
          <Badge size="sm" variant="light" tt="none" color={COLORS[came]}>{t(`status.${came}`)}</Badge>
          <Text size="sm" fw={600}>{moment(run.at)}</Text>
          <Text size="sm" c="dimmed">{[t(`runs.kind.${run.kind}`), told].filter(Boolean).join(' · ')}</Text>
        </Group>
        <Group gap="xs">
          {messages && <Button size="compact-sm" variant="subtle" aria-expanded={open} aria-label={`${t('runs.messages')}: ${moment(run.at)}`} onClick={toggle}>{t('runs.messages')}</Button>}
          {run.file && <Button size="compact-sm" variant="default" aria-label={`${t('runs.pdf')}: ${moment(run.at)}`} loading={pdf.isPending} onClick={() => pdf.mutate()}>{t('runs.pdf')}</Button>}
        </Group>
      </Group>
      {run.status === 'unchanged' && <Text size="sm" c="dimmed">{t('runs.unchanged')}</Text>}
      {run.text && <Text size="sm" c={run.status === 'failed' ? 'red' : undefined} className="wrap">{run.text} {run.code && <Text span size="xs" c="dimmed">{run.code}</Text>}</Text>}
      <ErrorNote error={pdf.error} />
      {messages && <Collapse expanded={open}>{open && <Deliveries id={r.id} at={run.at} />}</Collapse>}
    </li>
  )
}

const SENT = { sent: 'teal', failed: 'red', late: 'orange', skipped: 'gray', queued: 'blue', sending: 'blue' } as const

/** What a run told, message by message. */
function Deliveries({ id, at }: { id: string; at: string }) {
  const { t } = useTranslation('reports')
  const list = useInfiniteQuery(reportDeliveriesQuery(id, at))
  const rows = list.data?.pages.flatMap((p) => p.items) ?? []
  if (list.error) return <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
  if (list.isLoading) return <Skeleton h={40} aria-label={t('loading', { ns: 'parts' })} />
  if (!rows.length) return <Text size="sm" c="dimmed">{t('message.none')}</Text>
  return (
    <>
      <Table.ScrollContainer minWidth={560}>
        <Table verticalSpacing={4}>
          <Table.Thead><Table.Tr><Table.Th>{t('message.to')}</Table.Th><Table.Th>{t('message.over')}</Table.Th><Table.Th>{t('message.state')}</Table.Th><Table.Th>{t('message.when')}</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>{rows.map((d) => (
            <Table.Tr key={d.id}>
              <Table.Td className="wrap" miw={170}>{d.recipient || d.channel_name}</Table.Td>
              <Table.Td className="wrap" miw={110}>{d.channel_name || '–'}</Table.Td>
              <Table.Td><Badge size="sm" variant="light" tt="none" color={SENT[d.status]}>{t(`delivery.${d.status}`)}</Badge>{d.reason && <Text size="xs" c="dimmed" className="wrap">{d.reason}</Text>}</Table.Td>
              <Table.Td style={{ whiteSpace: 'nowrap' }}>{moment(d.sent_at ?? d.created_at)}</Table.Td>
            </Table.Tr>
          ))}</Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {list.hasNextPage && <Button size="compact-sm" variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('more')}</Button>}
    </>
  )
}
