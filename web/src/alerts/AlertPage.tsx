import { Alert as Note, Badge, Button, Code, Group, Menu, Modal, Paper, SegmentedControl, Skeleton, Stack, Table, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { Suspense, useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { alertEpisodesQuery, alertQuery, alertRunsQuery, alertsKey, lookSoon } from '../api/alerts'
import { api, unwrap } from '../api/client'
import { meQuery } from '../api/queries'
import type { Alert } from '../api/types'
import { Confirm } from '../parts/Confirm'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { lazyPart } from '../parts/lazyPage'
import { PageLink } from '../parts/links'
import { useAct } from '../parts/useAct'
import { EditAlert } from './AlertForm'
import { COLORS } from './Alerts'
import { amount, conditionWords } from './describe'
import { scheduleWords } from '../parts/schedule'
import { Deliveries, Episodes, Events } from './History'
import './words'

const AlertChart = lazyPart(() => import('./AlertChart'))

/** One alert: where it stands, what it has seen, what it told. */
export function AlertPage() {
  const { t } = useTranslation('alerts')
  const { id } = useParams({ from: '/shell/alerts/$id' })
  const found = useQuery(alertQuery(id))
  const a = found.data
  return (
    <Stack maw={1100} mx="auto">
      <PageLink to="/alerts" size="sm">{t('back')}</PageLink>
      <ErrorNote error={found.error} onRetry={() => void found.refetch()} />
      {found.isLoading && <Skeleton h={200} aria-label={t('loading', { ns: 'parts' })} />}
      {a && <><Head alert={a} /><Values alert={a} /><Keys alert={a} /><Episodes alert={a} /><Deliveries id={a.id} /><Events id={a.id} /></>}
    </Stack>
  )
}

function Head({ alert: a }: { alert: Alert }) {
  const { t } = useTranslation('alerts')
  const { t: words } = useTranslation()
  const navigate = useNavigate()
  const me = useQuery(meQuery)
  const [editing, edit] = useDisclosure(false)
  const [removing, remove] = useDisclosure(false)
  const params = { path: { id: a.id } }
  const act = useAct((work: () => Promise<unknown>) => work(), [alertsKey])
  const queries = useQueryClient()
  const run = useAct(() => unwrap(api.POST('/api/v1/alerts/{id}/run', { params })), [alertsKey], () => lookSoon(() => void queries.invalidateQueries({ queryKey: alertsKey })))
  const gone = useAct(() => unwrap(api.DELETE('/api/v1/alerts/{id}', { params })), [[...alertsKey, 'list']], () => void navigate({ to: '/alerts' }))
  const may = me.data?.permissions.includes('alerts.write') ?? false
  const snooze = (minutes: number) => act.mutate(() => unwrap(api.POST('/api/v1/alerts/{id}/snooze', { params, body: { minutes } })))
  const paused = a.status === 'paused'
  return (
    <Stack gap="xs">
      <Group justify="space-between" align="start">
        <Group gap="sm"><Title order={1} size="h3" className="wrap">{a.name}</Title><Badge color={COLORS[a.status]} variant={a.status === 'firing' ? 'filled' : 'light'} data-testid="status">{t(`status.${a.status}`)}</Badge></Group>
        {may && (
          <Group gap="xs">
            {a.status === 'firing' && !a.acked_at && <Button size="xs" onClick={() => act.mutate(() => unwrap(api.POST('/api/v1/alerts/{id}/acknowledge', { params })))}>{t('act.ack')}</Button>}
            {a.snoozed_until ? <Button size="xs" variant="default" onClick={() => act.mutate(() => unwrap(api.DELETE('/api/v1/alerts/{id}/snooze', { params })))}>{t('act.unsnooze')}</Button> : !paused && (
              <Menu>
                <Menu.Target><Button size="xs" variant="default">{t('act.snooze')}</Button></Menu.Target>
                <Menu.Dropdown>{([['hour', 60], ['four', 240], ['day', 1440], ['week', 10_080]] as const).map(([name, minutes]) => <Menu.Item key={name} onClick={() => snooze(minutes)}>{t(`snooze.${name}`)}</Menu.Item>)}</Menu.Dropdown>
              </Menu>
            )}
            {a.mine && <Button size="xs" variant="default" loading={run.isPending} onClick={() => run.mutate()}>{t('act.run')}</Button>}
            {a.mine && <Button size="xs" variant="default" onClick={edit.open}>{t('act.edit')}</Button>}
            {(a.mine || me.data?.permissions.includes('members.write')) && <Button size="xs" variant="default" onClick={() => act.mutate(() => unwrap(api.POST(paused ? '/api/v1/alerts/{id}/resume' : '/api/v1/alerts/{id}/pause', { params })))}>{t(paused ? 'act.resume' : 'act.pause')}</Button>}
            {a.mine && <Button size="xs" variant="subtle" color="red" onClick={remove.open}>{t('act.delete')}</Button>}
          </Group>
        )}
      </Group>
      <Text className="wrap">{t('condition')} <b>{conditionWords(t, a.condition)}</b></Text>
      <Text size="sm" c="dimmed" className="wrap">{t('schedule')}: {scheduleWords(words, a.cron, a.time_zone)} · {a.last_run ? t('lastRun', { when: moment(a.last_run) }) : t('neverRan')}{a.next[0] && ` · ${t('runsNext', { when: moment(a.next[0]) })}`}</Text>
      {a.question && <Text size="sm" c="dimmed" className="wrap">{t('watched')}: {a.question}{a.of && `, ${t('of', { of: a.of })}`}</Text>}
      <details><summary><Text span size="sm">{t('sql')}</Text></summary><Code block>{a.sql}</Code></details>
      {paused && <Note color="gray">{t(`pause.${(a.pause_code as 'paused' | undefined) ?? 'paused'}`)}</Note>}
      {a.status === 'failing' && <Note color="orange" className="wrap">{a.fail_text}</Note>}
      {a.acked_at && <Text size="sm">{t('act.acked', { when: moment(a.acked_at) })}</Text>}
      {a.snoozed_until && <Text size="sm">{t('act.snoozed', { when: moment(a.snoozed_until) })}</Text>}
      {run.isSuccess && !(Date.parse(a.last_run ?? '') >= run.submittedAt - 1000) && <Text size="sm" role="status">{t('running')}</Text>}
      <ErrorNote error={act.error ?? run.error} />
      <Modal opened={editing} onClose={edit.close} size="lg" title={t('editTitle')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>{editing && <EditAlert alert={a} onDone={edit.close} />}</Modal>
      <Confirm opened={removing} onClose={remove.close} title={t('deleteTitle', { name: a.name })} action={t('act.delete')} onConfirm={() => gone.mutate()} busy={gone.isPending} error={gone.error}>{t('deleteText')}</Confirm>
    </Stack>
  )
}

const RANGES = { d1: 1, d7: 7, d30: 30, d90: 90 } as const
type Range = keyof typeof RANGES

/** Values against the condition, with what was missed. */
function Values({ alert: a }: { alert: Alert }) {
  const { t } = useTranslation('alerts')
  const [range, setRange] = useState<Range>('d30')
  // From the beginning of an hour, so that it is the same question for a while.
  const from = useMemo(() => new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - RANGES[range] * 86_400_000).toISOString(), [range])
  const runs = useQuery(alertRunsQuery(a.id, from))
  const episodes = useInfiniteQuery(alertEpisodesQuery(a.id))
  const backfill = useAct((times: string[]) => unwrap(api.POST('/api/v1/alerts/{id}/backfill', { params: { path: { id: a.id } }, body: { times } })), [alertsKey])
  const points = useMemo(() => (runs.data?.runs ?? []).map((r) => {
    const v = r.values.find((value) => value.breach) ?? r.values[0]
    return { at: r.at, value: v?.value ?? null, low: v?.low, high: v?.high, breach: v?.breach }
  }), [runs.data])
  const marks = useMemo(() => (episodes.data?.pages.flatMap((p) => p.items) ?? []).map((e) => e.started_at).filter((at) => at >= from), [episodes.data, from])
  const missed = runs.data?.missed ?? []
  return (
    <Paper withBorder p="md" component="section" aria-label={t('chart')}>
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h5">{t('chart')}</Title>
        <SegmentedControl size="xs" aria-label={t('range.label')} value={range} onChange={(v) => setRange(v as Range)} data={(Object.keys(RANGES) as Range[]).map((value) => ({ value, label: t(`range.${value}`) }))} />
      </Group>
      <ErrorNote error={runs.error} onRetry={() => void runs.refetch()} />
      {runs.isLoading ? <Skeleton h={240} /> : points.some((p) => p.value !== null)
        ? <Suspense fallback={<Skeleton h={240} />}><AlertChart label={t('chart')} condition={a.condition} points={points} marks={marks} /></Suspense>
        : <Text size="sm" c="dimmed">{t('noRuns')}</Text>}
      {missed.length > 0 && (
        <Note color="yellow" mt="xs">
          <Group justify="space-between">
            <Text size="sm">{t('missed', { count: missed.length })} {t('missedWhen', { from: moment(missed[0] ?? ''), to: moment(missed.at(-1) ?? '') })}</Text>
            {a.mine && <Button size="compact-sm" variant="default" loading={backfill.isPending} onClick={() => backfill.mutate(missed.slice(-50))}>{t('backfill')}</Button>}
          </Group>
        </Note>
      )}
      {backfill.isSuccess && <Text size="sm" role="status">{t('backfilled')}</Text>}
      <ErrorNote error={backfill.error} />
    </Paper>
  )
}

/** Where each key stands; nothing for an alert without keys. */
function Keys({ alert: a }: { alert: Alert }) {
  const { t } = useTranslation('alerts')
  const only = a.keys[0]
  if (a.keys.length < 2) return only?.text ? <Text size="sm" className="wrap">{only.value != null && `${amount(a.condition, only.value)} · `}{only.text}</Text> : null
  return (
    <Paper withBorder p="md" component="section" aria-label={t('keysTitle')}>
      <Title order={2} size="h5" mb="xs">{t('keysTitle')}</Title>
      <Table.ScrollContainer minWidth={320} mah={360}>
        <Table>
          <Table.Thead><Table.Tr><Table.Th>{t('key')}</Table.Th><Table.Th ta="right">{t('value')}</Table.Th><Table.Th>{t('state')}</Table.Th><Table.Th>{t('since')}</Table.Th></Table.Tr></Table.Thead>
          <Table.Tbody>{a.keys.map((k) => (
            <Table.Tr key={k.key}>
              <Table.Td className="wrap">{k.key}</Table.Td><Table.Td ta="right">{k.value == null ? k.text : amount(a.condition, k.value)}</Table.Td>
              <Table.Td><Badge size="sm" variant="light" color={COLORS[k.status]}>{t(`status.${k.status}`)}</Badge></Table.Td><Table.Td>{moment(k.since)}</Table.Td>
            </Table.Tr>
          ))}</Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </Paper>
  )
}
