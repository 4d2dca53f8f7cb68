import { Badge, Button, Code, Group, Modal, Paper, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { type ReactNode, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { lookSoon } from '../api/alerts'
import { api, unwrap } from '../api/client'
import { meQuery } from '../api/queries'
import { type Report, reportQuery, reportRunsQuery, reportsKey, showReport } from '../api/reports'
import { LANGUAGES } from '../i18n'
import { Confirm } from '../parts/Confirm'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { lazyPart } from '../parts/lazyPage'
import { PageLink } from '../parts/links'
import { useAct } from '../parts/useAct'
import { scheduleWords } from '../parts/schedule'
import { COLORS, nameOf, standing } from './describe'
import { savePdf } from './savePdf'
import { ReportDialog } from './MakeReport'
import { Runs } from './Runs'
import { Advice, Warnings } from './Warnings'
import './words'

const EditReport = lazyPart(() => import('./ReportForm').then((m) => ({ default: m.EditReport })))

/** One report: what it shows, to whom and when, and what its runs told. */
export function ReportPage() {
  const { t } = useTranslation('reports')
  const { id } = useParams({ from: '/shell/reports/$id' })
  const found = useQuery(reportQuery(id))
  return (
    <Stack maw={1100} mx="auto">
      <PageLink to="/reports" size="sm">{t('back')}</PageLink>
      <ErrorNote error={found.error} onRetry={() => void found.refetch()} />
      {found.isLoading && <Skeleton h={200} aria-label={t('loading', { ns: 'parts' })} />}
      {found.data && <><Head report={found.data} /><Facts report={found.data} /><Runs report={found.data} /></>}
    </Stack>
  )
}

const PAUSES = ['paused', 'owner_left', 'right_lost', 'dashboard_gone'] as const

function Head({ report: r }: { report: Report }) {
  const { t } = useTranslation('reports')
  const navigate = useNavigate()
  const queries = useQueryClient()
  const me = useQuery(meQuery)
  const newest = useInfiniteQuery(reportRunsQuery(r.id)).data?.pages[0]?.items[0]
  const [opened, setOpened] = useState<'edit' | 'delete' | 'leave' | 'other' | null>(null)
  const shut = () => setOpened(null)
  const params = { path: { id: r.id } }
  const steer = useAct((to: 'pause' | 'resume') => unwrap(api.POST(`/api/v1/reports/{id}/${to}`, { params })), [reportsKey])
  const run = useAct((onlyMe: boolean) => unwrap(api.POST('/api/v1/reports/{id}/run', { params, body: { only_me: onlyMe } })), [reportsKey],
    () => lookSoon(() => void queries.invalidateQueries({ queryKey: reportsKey })))
  const look = useAct(() => savePdf(r.name, () => showReport(r.id)), [])
  const toList = () => void navigate({ to: '/reports' })
  const gone = useAct(() => unwrap(api.DELETE('/api/v1/reports/{id}', { params })), [[...reportsKey, 'list']], toList)
  const leave = useAct(() => unwrap(api.POST('/api/v1/reports/{id}/leave', { params })), [[...reportsKey, 'list']], toList)
  const may = r.mine && (me.data?.permissions.includes('reports.write') ?? false)
  const paused = r.status === 'paused'
  const stands = standing(r)
  const pause = PAUSES.find((code) => code === (r.pause_code ?? 'paused'))
  return (
    <Stack gap="xs">
      <Group justify="space-between" align="start">
        <Group gap="sm"><Title order={1} size="h3" className="wrap">{r.name}</Title><Badge color={COLORS[stands]} variant="light" tt="none" data-testid="status">{t(`status.${stands}`)}</Badge></Group>
        <Group gap="xs">
          {(r.kind === 'questions' || r.dashboard_name) && <Button size="xs" variant={may ? 'default' : 'filled'} loading={look.isPending} onClick={() => look.mutate()}>{t('act.preview')}</Button>}
          {may && <Button size="xs" variant="default" loading={run.isPending && run.variables} onClick={() => run.mutate(true)}>{t('act.onlyMe')}</Button>}
          {may && <Button size="xs" loading={run.isPending && !run.variables} onClick={() => run.mutate(false)}>{t('act.run')}</Button>}
          {may && <Button size="xs" variant="default" onClick={() => setOpened('edit')}>{t('act.edit')}</Button>}
          {may && !paused && <Button size="xs" variant="default" loading={steer.isPending} onClick={() => steer.mutate('pause')}>{t('act.pause')}</Button>}
          {!r.mine && r.gets && <Button size="xs" variant="default" onClick={() => setOpened('leave')}>{t('act.leave')}</Button>}
          {may && <Button size="xs" variant="subtle" color="red" onClick={() => setOpened('delete')}>{t('act.delete')}</Button>}
        </Group>
      </Group>
      {paused && (
        <Advice text={pause ? t(`pause.${pause}`) : t('pause.other', { text: r.pause_text ?? r.pause_code ?? '' })} color={pause === 'paused' ? 'gray' : 'yellow'}>
          {may && (pause === 'dashboard_gone'
            ? <Button size="compact-sm" onClick={() => setOpened('other')}>{t('act.other')}</Button>
            : <Button size="compact-sm" loading={steer.isPending} onClick={() => steer.mutate('resume')}>{t('act.resume')}</Button>)}
        </Advice>
      )}
      <Warnings report={r} onEdit={may ? () => setOpened('edit') : undefined} />
      {run.isSuccess && !(newest && newest.status !== 'running' && Date.parse(newest.at) >= run.submittedAt - 1000) && <Text size="sm" role="status">{t(run.variables ? 'startedMe' : 'started')}</Text>}
      <ErrorNote error={steer.error ?? run.error ?? look.error} />
      <Modal opened={opened === 'edit'} onClose={shut} size="lg" title={t('form.edit')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        {opened === 'edit' && <Suspense fallback={<Skeleton h={280} />}><EditReport report={r} onDone={shut} /></Suspense>}
      </Modal>
      <ReportDialog title={t('new')} close={t('close', { ns: 'parts' })} opened={opened === 'other'} onClose={shut} onMade={(made) => { shut(); void navigate({ to: '/reports/$id', params: { id: made.id } }) }} />
      <Confirm opened={opened === 'delete'} onClose={shut} title={t('deleteTitle', { name: r.name })} action={t('act.delete')} onConfirm={() => gone.mutate()} busy={gone.isPending} error={gone.error}>{t('deleteText')}</Confirm>
      <Confirm opened={opened === 'leave'} onClose={shut} title={t('leaveTitle', { name: r.name })} action={t('act.leave')} onConfirm={() => leave.mutate()} busy={leave.isPending} error={leave.error}>{t('leaveText')}</Confirm>
    </Stack>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return <><dt>{name}</dt><dd>{children}</dd></>
}

/** What it shows, when and to whom. */
function Facts({ report: r }: { report: Report }) {
  const { t } = useTranslation('reports')
  const words = useTranslation('parts')
  const values = Object.entries(r.values)
  const gets = (to: Report['recipients'][number]) => (to.user_id ? t('gets.member') : r.mine ? t('gets.you') : t('gets.channel', { name: r.owner_name || t('personGone') }))
  return (
    <Paper withBorder p="md" component="section" aria-label={t('what')}>
      <dl className="facts" style={{ rowGap: 6, margin: 0 }}>
        {r.kind === 'dashboard' && (
          <Fact name={t('what')}>
            {r.dashboard_id && r.dashboard_name ? <PageLink to="/dashboards/$id" params={{ id: r.dashboard_id }} search={values.length ? { values: r.values } : {}} inherit>{t('shows.dashboard', { name: r.dashboard_name })}</PageLink>
              : r.dashboard_id ? t('shows.dashboard', { name: t('shows.hidden') }) : t('shows.gone')}
          </Fact>
        )}
        {values.length > 0 && <Fact name={t('filters')}>{values.map(([name, value]) => `${name}: ${value === null ? '–' : Array.isArray(value) ? value.join(', ') : String(value)}`).join(' · ')}</Fact>}
        {r.kind === 'questions' && (
          <Fact name={t('standing')}>
            <Stack component="ul" className="plain-list" gap={4}>
              {r.questions.map((q) => (
                <li key={q.id}>
                  <details><summary>{q.question}{q.replan && <Text span size="xs" c="dimmed"> · {t('replan')}</Text>}</summary><Code block my={4} className="sql">{q.sql}</Code></details>
                </li>
              ))}
            </Stack>
            {r.conversation_id && <PageLink to="/conversations/$id" params={{ id: r.conversation_id }} size="xs">{t('conversation')}</PageLink>}
          </Fact>
        )}
        <Fact name={t('when')}>{scheduleWords(words.t, r.cron, r.time_zone)}{r.next[0] && <Text span inherit c="dimmed"> · {t('next', { when: moment(r.next[0]) })}</Text>}</Fact>
        <Fact name={t('who')}>
          <Stack component="ul" className="plain-list" gap={2}>
            {r.recipients.map((to) => <li key={to.user_id ?? to.channel_id}>{nameOf(t, to)} <Text span inherit c="dimmed">– {gets(to)}</Text></li>)}
          </Stack>
        </Fact>
        <Fact name={t('settings')}>{[t(r.pdf ? 'set.pdf' : 'set.noPdf'), t(r.skip_unchanged ? 'set.skip' : 'set.always'), t('set.locale', { language: LANGUAGES[r.locale] }), r.mine ? t('mine') : t('owner', { name: r.owner_name || t('personGone') })].join(' · ')}</Fact>
      </dl>
    </Paper>
  )
}
