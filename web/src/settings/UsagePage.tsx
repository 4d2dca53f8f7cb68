import { Badge, Button, Group, SegmentedControl, Skeleton, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { Suspense, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { budgetQuery, meQuery, usageQuery } from '../api/queries'
import type { Usage } from '../api/types'
import { locale } from '../i18n'
import { ErrorNote } from '../parts/ErrorNote'
import { lazyPart } from '../parts/lazyPage'
import { BudgetCard } from './BudgetCard'
import { Section } from './Section'
import { days, isoDay, outcomes, people, series } from './usage'

const UsageChart = lazyPart(() => import('./UsageChart'))

/** First and last day of spans that are often wanted. */
const SPANS = {
  month: (now: Date) => [isoDay(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)), isoDay(now)],
  lastMonth: (now: Date) => [isoDay(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1)), isoDay(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 0))],
  quarter: (now: Date) => [isoDay(now.getTime() - 89 * 86_400_000), isoDay(now)],
}

/** The month's budget, and what was used by day, person and model. */
export function UsagePage() {
  const { t } = useTranslation('settings')
  const me = useQuery(meQuery)
  const budget = useQuery(budgetQuery)
  const [[from = '', to = ''], setSpan] = useState<string[]>(() => SPANS.month(new Date()))
  const usage = useQuery({ ...usageQuery(from, to), placeholderData: keepPreviousData })
  return (
    <>
      <Section title={t('usage.budget')} about={t('usage.budgetAbout')} loading={budget.isLoading} error={budget.error} onRetry={() => void budget.refetch()}>
        {budget.data && <BudgetCard budget={budget.data} mayWrite={me.data?.permissions.includes('organisation.write') ?? false} />}
      </Section>
      <Section title={t('usage.title')} about={t('usage.about')}>
        <Group align="flex-end" gap="sm">
          <TextInput type="date" label={t('from')} value={from} max={to} onChange={(e) => setSpan([e.target.value, to])} />
          <TextInput type="date" label={t('to')} value={to} min={from} onChange={(e) => setSpan([from, e.target.value])} />
          {(Object.keys(SPANS) as (keyof typeof SPANS)[]).map((name) => <Button key={name} variant="default" onClick={() => setSpan(SPANS[name](new Date()))}>{t(`usage.span.${name}`)}</Button>)}
        </Group>
        <ErrorNote error={usage.error} onRetry={() => void usage.refetch()} />
        {usage.isLoading && <Skeleton h={280} aria-label={t('loading', { ns: 'parts' })} />}
        {usage.data && !usage.error && <Figures usage={usage.data} />}
      </Section>
    </>
  )
}

function Figures({ usage }: { usage: Usage }) {
  const { t } = useTranslation('settings')
  const [by, setBy] = useState<'person' | 'model'>('person')
  const stacked = useMemo(() => series(usage, by, t('usage.others')), [usage, by, t])
  const all = useMemo(() => days(usage.from, usage.to), [usage])
  const rows = useMemo(() => people(usage), [usage])
  const ended = useMemo(() => outcomes(usage), [usage])
  const show = new Intl.NumberFormat(locale())
  return (
    <Stack>
      <Group justify="space-between" gap="sm">
        <Text size="sm">{t('usage.sum', { tokens: show.format(usage.tokens_used) })}</Text>
        <SegmentedControl size="xs" aria-label={t('usage.by')} value={by} onChange={setBy} data={(['person', 'model'] as const).map((value) => ({ value, label: t(`usage.by_${value}`) }))} />
      </Group>
      {stacked.length === 0 ? <Text size="sm" c="dimmed">{t('usage.noTokens')}</Text>
        : <Suspense fallback={<Skeleton h={280} />}><UsageChart label={t('usage.chart')} days={all} series={stacked} /></Suspense>}
      <Title order={3} size="h5">{t('usage.people')}</Title>
      {rows.length === 0 && <Text size="sm" c="dimmed">{t('usage.nobody')}</Text>}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={340}>
          <Table striped horizontalSpacing="xs">
            <Table.Thead><Table.Tr><Table.Th>{t('usage.person')}</Table.Th><Table.Th ta="right">{t('usage.tokens')}</Table.Th><Table.Th ta="right">{t('usage.questions')}</Table.Th><Table.Th ta="right">{t('usage.answered')}</Table.Th></Table.Tr></Table.Thead>
            <Table.Tbody>
              {rows.map((p) => (
                <Table.Tr key={p.id}><Table.Td className="wrap">{p.name ?? t('usage.gone')}</Table.Td>{[p.tokens, p.questions, p.answered].map((n, i) => <Table.Td key={i} ta="right">{show.format(n)}</Table.Td>)}</Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <Title order={3} size="h5">{t('usage.outcomes')}</Title>
      {ended.length === 0 ? <Text size="sm" c="dimmed">{t('usage.noQuestions')}</Text>
        : <Group gap="xs">{ended.map(([status, n]) => <Badge key={status} size="lg" variant="default" tt="none">{t(`usage.status.${status}`)}: {show.format(n)}</Badge>)}</Group>}
    </Stack>
  )
}
