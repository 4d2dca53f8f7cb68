import { Button, Group, Paper, SegmentedControl, Select, Skeleton, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ScheduleFields } from '../parts/ScheduleFields'
import { type Every, myZone, scheduleWords } from '../parts/schedule'
import { api, unwrap } from '../api/client'
import { dashboardQuery, dashboardsQuery, type Values } from '../api/dashboards'
import { meQuery } from '../api/queries'
import { answersQuery, previewReport, type Report, type ReportInput, reportsKey } from '../api/reports'
import { FilterBar } from '../dashboards/FilterBar'
import { LANGUAGES, type Language } from '../i18n'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { PageButton } from '../parts/links'
import { useAct } from '../parts/useAct'
import { recipientWords } from './describe'
import { savePdf } from './savePdf'
import { type Chosen, MOST_QUESTIONS, ofAnswer, ofStanding, QuestionsField } from './QuestionsField'
import { keyOf, RecipientsField, toOf } from './RecipientsField'
import './words'

/** What a report is made of: a dashboard as it is looked at, a conversation's answers, or what is chosen in the form. */
export type Source = { dashboard: { id: string; name: string }; values?: Values } | { conversation: { id: string; title: string } }

interface Draft {
  kind: Report['kind']; name: string; dashboard: string; values: Values; questions: Chosen[]; conversation?: string
  cron: string; zone: string; jitter?: number; catchUp?: number; to: string[]; mail: string; skip: boolean; pdf: boolean; locale: Language
}

const MONDAY = '0 8 * * 1'
const EVERY: Every[] = ['day', 'workday', 'week', 'month', 'hour', 'cron']

/** Makes a report: two presses where what it is of is known. */
export function NewReport({ source, onDone }: { source?: Source; onDone?: (report: Report) => void }) {
  const { t, i18n } = useTranslation('reports')
  const me = useQuery(meQuery)
  const conversation = source && 'conversation' in source ? source.conversation : undefined
  const dashboard = source && 'dashboard' in source ? source : undefined
  const answers = useQuery({ ...answersQuery(conversation?.id ?? '', MOST_QUESTIONS), enabled: !!conversation })
  const [made, setMade] = useState<Report | null>(null)
  if (made) return <Made report={made} />
  if (answers.error) return <ErrorNote error={answers.error} onRetry={() => void answers.refetch()} />
  if (!me.data || (conversation && !answers.data)) return <Skeleton h={280} aria-label={t('loading', { ns: 'parts' })} />
  if (answers.data?.length === 0) return <Text>{t('form.noAnswers')}</Text>
  const draft: Draft = {
    kind: conversation ? 'questions' : 'dashboard', name: dashboard?.dashboard.name ?? conversation?.title ?? '', dashboard: dashboard?.dashboard.id ?? '', values: dashboard?.values ?? {},
    questions: (answers.data ?? []).map(ofAnswer), conversation: conversation?.id, cron: MONDAY, zone: myZone(), to: [keyOf({ user_id: me.data.user.id })], mail: '', skip: false, pdf: true,
    locale: i18n.language in LANGUAGES ? (i18n.language as Language) : 'en',
  }
  return <Editor draft={draft} free={!source} action={t('form.create')} save={(d) => unwrap(api.POST('/api/v1/reports', { body: input(d) }))} onDone={onDone ?? setMade} preview />
}

/** Changes a report. What it is of stays. */
export function EditReport({ report: r, onDone }: { report: Report; onDone: (report: Report) => void }) {
  const { t } = useTranslation('reports')
  const draft: Draft = {
    kind: r.kind, name: r.name, dashboard: r.dashboard_id ?? '', values: r.values, questions: r.questions.map(ofStanding), cron: r.cron, zone: r.time_zone, jitter: r.jitter_seconds, catchUp: r.catch_up_minutes,
    to: r.recipients.map(keyOf), mail: r.mail_channel_id ?? '', skip: r.skip_unchanged, pdf: r.pdf, locale: r.locale,
  }
  const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
  const save = (d: Draft) => unwrap(api.PATCH('/api/v1/reports/{id}', { params: { path: { id: r.id } }, body: {
    name: d.name.trim(), timing: { cron: d.cron, time_zone: d.zone, jitter_seconds: d.jitter, catch_up_minutes: d.catchUp }, mail_channel_id: d.mail, skip_unchanged: d.skip, pdf: d.pdf, locale: d.locale,
    // Recipients who have left since can stay only where nobody is changed.
    ...(!same(d.to, draft.to) && { recipients: d.to.map(toOf) }), ...(r.kind === 'dashboard' ? { values: d.values } : { questions: d.questions.map((q) => q.input) }),
  } }))
  return <Editor draft={draft} had={r.recipients} action={t('form.save')} save={save} onDone={onDone} />
}

function input(d: Draft): ReportInput {
  return {
    name: d.name.trim() || undefined, ...(d.kind === 'dashboard' ? { dashboard_id: d.dashboard, values: d.values } : { questions: d.questions.map((q) => q.input), conversation_id: d.conversation }),
    cron: d.cron, time_zone: d.zone, recipients: d.to.map(toOf), mail_channel_id: d.mail || undefined, skip_unchanged: d.skip, pdf: d.pdf, locale: d.locale,
  }
}

interface EditorProps {
  draft: Draft
  had?: Report['recipients']
  /** What it is of is chosen here. */
  free?: boolean
  preview?: boolean
  action: string
  save: (d: Draft) => Promise<Report>
  onDone: (report: Report) => void
}

function Editor({ draft, had, free, preview, action, save, onDone }: EditorProps) {
  const { t } = useTranslation('reports')
  const words = useTranslation('parts')
  const [d, setDraft] = useState(draft)
  const set = (change: Partial<Draft>) => setDraft((now) => ({ ...now, ...change }))
  const [timing, setTiming] = useState(false)
  const act = useAct(() => save(d), [reportsKey], onDone)
  const look = useAct(() => savePdf(d.name || t('title'), () => previewReport(input(d))), [])
  const complete = d.to.length > 0 && (d.kind === 'dashboard' ? !!d.dashboard : d.questions.length > 0)
  return (
    <form onSubmit={(e) => { e.preventDefault(); if (complete) act.mutate() }}>
      <Stack gap="md">
        {free && <SegmentedControl aria-label={t('form.of')} value={d.kind} onChange={(kind) => set({ kind: kind as Report['kind'] })} data={[{ value: 'dashboard', label: t('form.ofDashboard') }, { value: 'questions', label: t('form.ofQuestions') }]} />}
        {free && d.kind === 'dashboard' && <DashboardSelect value={d.dashboard} onChange={(dashboard, name) => set({ dashboard, values: {}, name })} />}
        {d.kind === 'questions' && <QuestionsField chosen={d.questions} onChange={(questions) => set({ questions, name: d.name || (questions[0]?.label.slice(0, 200) ?? '') })} />}
        <TextInput label={t('form.name')} required maxLength={200} value={d.name} onChange={(e) => set({ name: e.currentTarget.value })} data-autofocus={!free || undefined} />
        {d.kind === 'dashboard' && d.dashboard && <DashboardFilters id={d.dashboard} values={d.values} onValues={(values) => set({ values })} />}
        <Paper withBorder p="sm" component="section" aria-label={t('form.schedule')}>
          <Stack gap="xs">
            <Group justify="space-between" wrap="nowrap" align="start">
              <Text size="sm" className="wrap"><Text span fw={600}>{t('form.schedule')}</Text> <span data-testid="when">{scheduleWords(words.t, d.cron, d.zone)}</span></Text>
              <Button flex="none" size="compact-xs" variant="subtle" aria-expanded={timing} aria-label={`${t(timing ? 'form.less' : 'form.change')}: ${t('form.schedule')}`} onClick={() => setTiming(!timing)}>{t(timing ? 'form.less' : 'form.change')}</Button>
            </Group>
            {timing && <ScheduleFields cron={d.cron} zone={d.zone} every={EVERY} onChange={(cron, zone) => set({ cron, zone })} />}
          </Stack>
        </Paper>
        <RecipientsField chosen={d.to} onChange={(to) => set({ to })} had={had} mail={d.mail} onMail={(mail) => set({ mail })} />
        <Group gap="xl" align="end">
          <Stack gap="xs">
            <Switch label={t('form.skip')} checked={d.skip} onChange={(e) => set({ skip: e.currentTarget.checked })} />
            <Switch label={t('form.pdf')} checked={d.pdf} onChange={(e) => set({ pdf: e.currentTarget.checked })} />
          </Stack>
          <Select label={t('form.locale')} allowDeselect={false} comboboxProps={{ withinPortal: false }} value={d.locale} onChange={(v) => set({ locale: v as Language })} data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))} />
        </Group>
        <ErrorNote error={act.error ?? look.error} />
        <Group>
          <Button type="submit" loading={act.isPending} disabled={!d.name.trim() || !complete}>{action}</Button>
          {preview && <Button variant="default" loading={look.isPending} disabled={!complete} onClick={() => look.mutate()}>{t('act.preview')}</Button>}
        </Group>
      </Stack>
    </form>
  )
}

function DashboardSelect({ value, onChange }: { value: string; onChange: (id: string, name: string) => void }) {
  const { t } = useTranslation('reports')
  const [text, setText] = useState('')
  const [q] = useDebouncedValue(text.trim(), 200)
  const list = useInfiniteQuery({ ...dashboardsQuery(q, false), placeholderData: keepPreviousData })
  const all = list.data?.pages.flatMap((p) => p.items) ?? []
  if (list.error) return <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
  if (list.data && !all.length && !q) return <Text size="sm" c="dimmed">{t('form.noDashboards')}</Text>
  return <Select label={t('form.dashboard')} placeholder={t('form.chooseDashboard')} searchable allowDeselect={false} required comboboxProps={{ withinPortal: false }} disabled={!list.data} data-autofocus searchValue={text} onSearchChange={setText}
    value={value || null} data={all.map((d) => ({ value: d.id, label: d.name }))} onChange={(id, option) => { if (id && option) onChange(id, option.label) }} />
}

/** The dashboard's filters with the values that the report has. */
function DashboardFilters({ id, values, onValues }: { id: string; values: Values; onValues: (values: Values) => void }) {
  const dashboard = useQuery(dashboardQuery(id))
  if (dashboard.error) return <ErrorNote error={dashboard.error} onRetry={() => void dashboard.refetch()} />
  return <FilterBar filters={dashboard.data?.filters ?? []} values={values} onValues={onValues} />
}

/** What was made, with the way to it. */
function Made({ report: r }: { report: Report }) {
  const { t } = useTranslation('reports')
  const words = useTranslation('parts')
  return (
    <Stack role="status">
      <Text fw={600}>{t('made.title')}</Text>
      <Text size="sm">{t('made.first', { when: scheduleWords(words.t, r.cron, r.time_zone), names: recipientWords(t, r) })}{r.next[0] && ` ${t('made.next', { when: moment(r.next[0]) })}`}</Text>
      <PageButton to="/reports/$id" params={{ id: r.id }} w="fit-content">{t('made.open')}</PageButton>
    </Stack>
  )
}
