import { Accordion, Button, Group, MultiSelect, Paper, Skeleton, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { alertsKey, previewQuery, usableChannelsQuery } from '../api/alerts'
import { api, unwrap } from '../api/client'
import type { Alert, AlertCondition, AlertInput, AlertPreview, AlertRule, AlertTry } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'
import { ConditionFields } from './ConditionFields'
import { conditionWords } from './describe'
import { DryRun, Now } from './DryRun'
import { RuleFields } from './RuleFields'
import { ScheduleFields } from '../parts/ScheduleFields'
import { myZone, scheduleWords } from '../parts/schedule'
import './words'

/** What is watched: an answer, a saved query, a tile, words about a database, or the SQL that was read of words. */
export type Source = Pick<AlertInput, 'question_id' | 'saved_query_id' | 'dashboard_id' | 'tile_id' | 'values' | 'words' | 'sql' | 'question' | 'connection_id'>

interface Draft { name: string; condition: AlertCondition; rule: AlertRule; cron: string; zone: string; jitter?: number; catchUp?: number; channels: string[]; escalateTo: string[]; shared: boolean }

/** Makes an alert of a source, with a condition that suits it to begin with. */
export function NewAlert({ source, onDone }: { source: Source; onDone: (alert: Alert) => void }) {
  const { t } = useTranslation('alerts')
  const first = useQuery(previewQuery({ ...source, time_zone: myZone() }))
  if (first.error) return <ErrorNote error={first.error} onRetry={() => void first.refetch()} />
  if (!first.data) return <Stack aria-label={t('now.trying')} role="status"><Skeleton h={36} /><Skeleton h={120} /><Skeleton h={60} /></Stack>
  const p = first.data
  const draft: Draft = { name: p.name, condition: p.condition, rule: { recovery: true }, cron: p.cron, zone: p.time_zone, channels: [], escalateTo: [], shared: false }
  // What a model has read is made as it was shown: the next time it may read the words otherwise.
  const of: Source = p.by_model ? { sql: p.sql, question: p.question, connection_id: source.connection_id } : source
  return (
    <Stack gap="xs">
      {p.by_model && <Text size="sm" c="dimmed">{t('byModel', { question: p.question })}</Text>}
      <Editor draft={draft} preview={p} body={(d) => ({ ...of, ...input(d) })} action={t('create')}
        save={(d) => unwrap(api.POST('/api/v1/alerts', { body: { ...of, ...input(d) } }))} onDone={onDone} />
    </Stack>
  )
}

/** Changes an alert. */
export function EditAlert({ alert: a, onDone }: { alert: Alert; onDone: (alert: Alert) => void }) {
  const { t } = useTranslation('alerts')
  const draft: Draft = { name: a.name, condition: a.condition, rule: a.rule, cron: a.cron, zone: a.time_zone, jitter: a.jitter_seconds, catchUp: a.catch_up_minutes, channels: a.channels, escalateTo: a.escalate_to, shared: a.shared }
  return <Editor draft={draft} body={(d) => ({ ...input(d), alert_id: a.id })} action={t('save')} onDone={onDone}
    save={(d) => { const { name, condition, rule, channels, escalate_to, shared, ...timing } = input(d)
      return unwrap(api.PATCH('/api/v1/alerts/{id}', { params: { path: { id: a.id } }, body: { name, condition, rule, channels, escalate_to, shared, timing: { ...timing, cron: d.cron, time_zone: d.zone } } })) }} />
}

const input = (d: Draft) => ({ name: d.name, condition: d.condition, rule: d.rule, cron: d.cron, time_zone: d.zone, jitter_seconds: d.jitter, catch_up_minutes: d.catchUp, channels: d.channels, escalate_to: d.escalateTo, shared: d.shared }) satisfies AlertInput

interface EditorProps { draft: Draft; preview?: AlertPreview; body: (d: Draft) => AlertTry; save: (d: Draft) => Promise<Alert>; action: string; onDone: (alert: Alert) => void }

function Editor({ draft, preview, body, save, action, onDone }: EditorProps) {
  const { t } = useTranslation('alerts')
  const { t: words } = useTranslation()
  const [d, setDraft] = useState(draft)
  const set = (change: Partial<Draft>) => setDraft({ ...d, ...change })
  const [opened, setOpened] = useState({ condition: !preview, schedule: !preview })
  const channels = useQuery(usableChannelsQuery)
  const [settled] = useDebouncedValue(d.condition, 700)
  const untouched = settled === draft.condition && !!preview
  const now = useQuery({ ...previewQuery({ ...body({ ...draft, condition: settled }) }), enabled: !untouched, placeholderData: keepPreviousData })
  const shown = untouched ? preview : now.data
  const act = useAct(() => save(d), [alertsKey], onDone)
  const names = (channels.data ?? []).map((c) => ({ value: c.id, label: c.name }))
  return (
    <form onSubmit={(e) => { e.preventDefault(); act.mutate() }}>
      <Stack gap="md">
        <TextInput label={t('name')} required maxLength={200} value={d.name} onChange={(e) => set({ name: e.currentTarget.value })} data-autofocus />
        <Paper withBorder p="sm" component="section" aria-label={t('condition')}>
          <Stack gap="xs">
            <Summary title={t('condition')} text={conditionWords(t, d.condition)} opened={opened.condition} onToggle={() => setOpened({ ...opened, condition: !opened.condition })} />
            {opened.condition && <ConditionFields condition={d.condition} columns={(shown?.columns ?? []).map((c) => c.name)} onChange={(condition) => set({ condition })} />}
            <Now preview={shown} trying={now.isFetching} />
            <ErrorNote error={now.error} />
            <DryRun body={body(d)} />
          </Stack>
        </Paper>
        <Paper withBorder p="sm" component="section" aria-label={t('schedule')}>
          <Stack gap="xs">
            <Summary title={t('schedule')} text={scheduleWords(words, d.cron, d.zone)} opened={opened.schedule} onToggle={() => setOpened({ ...opened, schedule: !opened.schedule })} />
            {opened.schedule && <ScheduleFields cron={d.cron} zone={d.zone} onChange={(cron, zone) => set({ cron, zone })} />}
          </Stack>
        </Paper>
        {channels.data?.length === 0 ? <Text size="sm" c="dimmed">{t('noChannels')}</Text>
          : <MultiSelect comboboxProps={{ withinPortal: false }} label={t('channels')} data={names} value={d.channels} onChange={(ids) => set({ channels: ids })} placeholder={d.channels.length ? undefined : t('chooseChannels')} />}
        <Accordion variant="contained"><Accordion.Item value="more">
          <Accordion.Control><Text size="sm">{t('advanced')}</Text></Accordion.Control>
          <Accordion.Panel><RuleFields rule={d.rule} escalateTo={d.escalateTo} channels={names} onChange={(rule) => set({ rule })} onEscalateTo={(escalateTo) => set({ escalateTo })} /></Accordion.Panel>
        </Accordion.Item></Accordion>
        <Switch label={t('shared')} checked={d.shared} onChange={(e) => set({ shared: e.currentTarget.checked })} />
        <ErrorNote error={act.error} />
        <Group><Button type="submit" loading={act.isPending} disabled={!d.name.trim()}>{action}</Button></Group>
      </Stack>
    </form>
  )
}

interface SummaryProps { title: string; text: string; opened: boolean; onToggle: () => void }

/** A part of the form in words, to be opened. */
function Summary({ title, text, opened, onToggle }: SummaryProps) {
  const { t } = useTranslation('alerts')
  return (
    <Group justify="space-between" wrap="nowrap" align="start">
      <Text size="sm" className="wrap"><Text span fw={600}>{title}</Text> <span data-testid="words">{text}</span></Text>
      <Button flex="none" size="compact-xs" variant="subtle" aria-expanded={opened} aria-label={`${t(opened ? 'less' : 'act.edit')}: ${title}`} onClick={onToggle}>{t(opened ? 'less' : 'act.edit')}</Button>
    </Group>
  )
}
