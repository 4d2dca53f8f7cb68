import { Badge, Button, Group, Modal, Paper, SegmentedControl, Select, Skeleton, Stack, Text, TextInput, Title, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { alertsQuery } from '../api/alerts'
import { connectionsQuery, meQuery } from '../api/queries'
import type { Alert } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { PageLink } from '../parts/links'
import { NewAlert } from './AlertForm'
import { amount, conditionWords } from './describe'
import { scheduleWords } from '../parts/schedule'
import { Sparkline } from './Sparkline'
import './words'

export const COLORS: Record<Alert['status'], string> = { ok: 'teal', pending: 'yellow', firing: 'red', failing: 'orange', unknown: 'gray', paused: 'gray' }
const SHOWN = ['all', 'firing', 'mine'] as const
type Shown = (typeof SHOWN)[number]

/** All alerts that one may see, those that need somebody first. */
export function Alerts() {
  const { t } = useTranslation('alerts')
  const navigate = useNavigate()
  const list = useInfiniteQuery(alertsQuery)
  const me = useQuery(meQuery)
  const [adding, { open, close }] = useDisclosure(false)
  const [shown, setShown] = useState<Shown>('all')
  const [wanted, setWanted] = useState('')
  const may = me.data?.permissions.includes('alerts.write') ?? false
  const all = list.data?.pages.flatMap((p) => p.items)
  const word = wanted.trim().toLowerCase()
  const urgent = (a: Alert) => ['firing', 'failing', 'pending'].indexOf(a.status) >>> 0
  const rows = all?.filter((a) => (shown === 'all' || (shown === 'mine' ? a.mine : a.status === 'firing' || a.status === 'failing')) && `${a.name} ${a.question} ${a.described}`.toLowerCase().includes(word))
    .sort((a, b) => urgent(a) - urgent(b))
  return (
    <Stack maw={1100} mx="auto">
      <Group justify="space-between">
        <Title order={1} size="h3">{t('title')}</Title>
        {may && <Button onClick={open}>{t('new')}</Button>}
      </Group>
      {!!all?.length && (
        <Group>
          <SegmentedControl aria-label={t('show.label')} value={shown} onChange={(v) => setShown(v as Shown)} data={SHOWN.map((value) => ({ value, label: t(`show.${value}`) }))} />
          <TextInput aria-label={t('find')} placeholder={t('find')} value={wanted} onChange={(e) => setWanted(e.currentTarget.value)} style={{ flex: 1, minWidth: 160 }} />
        </Group>
      )}
      <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
      {list.isLoading && <Skeleton h={160} aria-label={t('loading', { ns: 'parts' })} />}
      {all?.length === 0 && <Text>{t(may ? 'none' : 'noneMay')}</Text>}
      {!!all?.length && rows?.length === 0 && <Text c="dimmed">{t('nothing')}</Text>}
      <Stack component="ul" className="plain-list" gap="xs">{rows?.map((a) => <Row key={a.id} alert={a} />)}</Stack>
      {list.hasNextPage && <Button variant="default" mx="auto" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('more')}</Button>}
      <Modal opened={adding} onClose={close} size="lg" title={t('new')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        {adding && <FromWords onDone={(a) => void navigate({ to: '/alerts/$id', params: { id: a.id } })} />}
      </Modal>
    </Stack>
  )
}

function Row({ alert: a }: { alert: Alert }) {
  const { t } = useTranslation('alerts')
  const { t: words } = useTranslation()
  const key = a.keys[0]
  return (
    <Paper withBorder p="sm" component="li" data-status={a.status}>
      <Group wrap="nowrap" align="center" gap="md" className="alert-row">
        <Badge color={COLORS[a.status]} variant={a.status === 'firing' ? 'filled' : 'light'} miw="max-content">{t(`status.${a.status}`)}</Badge>
        <div style={{ flex: 1, minWidth: 0 }}>
          <PageLink to="/alerts/$id" params={{ id: a.id }} fw={600} className="wrap">{a.name}</PageLink>
          <Text size="sm" className="wrap">{t('condition')} {conditionWords(t, a.condition)}</Text>
          <Text size="xs" c="dimmed" className="wrap">{scheduleWords(words, a.cron, a.time_zone)} · {a.last_run ? t('lastRun', { when: moment(a.last_run) }) : t('neverRan')}{!a.mine && ` · ${t('owner')}`}</Text>
        </div>
        <Stack gap={0} align="end" visibleFrom="sm">
          {key?.value != null && <Text size="sm" fw={600} className="wrap" maw={180} ta="right">{key.key && `${key.key}: `}{amount(a.condition, key.value)}</Text>}
          <Sparkline points={a.recent} />
        </Stack>
      </Group>
    </Paper>
  )
}

/** Reads an alert in words, and then shows what was read to be changed and made. */
function FromWords({ onDone }: { onDone: (alert: Alert) => void }) {
  const { t } = useTranslation('alerts')
  const connections = useQuery(connectionsQuery)
  const [words, setWords] = useState('')
  const [chosen, setChosen] = useState<string | null>(null)
  const [read, setRead] = useState<{ words: string; connection_id?: string } | null>(null)
  const connection = chosen ?? connections.data?.find((c) => c.sample)?.id ?? connections.data?.[0]?.id ?? null
  const ask = (text: string) => { setWords(text); setRead({ words: text.trim(), connection_id: connection ?? undefined }) }
  return (
    <Stack>
      <form onSubmit={(e) => { e.preventDefault(); if (words.trim()) ask(words) }}>
        <Stack gap="xs">
          <TextInput label={t('tell.label')} placeholder={t('tell.placeholder')} value={words} maxLength={1000} onChange={(e) => setWords(e.currentTarget.value)} data-autofocus />
          {(connections.data?.length ?? 0) > 1 && <Select comboboxProps={{ withinPortal: false }} allowDeselect={false} label={t('tell.database')} value={connection} onChange={setChosen} data={(connections.data ?? []).map((c) => ({ value: c.id, label: c.name }))} />}
          <Group><Button type="submit" variant={read ? 'default' : 'filled'} disabled={!words.trim()}>{t('tell.read')}</Button></Group>
        </Stack>
      </form>
      {!read && (
        <div>
          <Text size="sm" c="dimmed">{t('tell.examples')}</Text>
          {t('examples', { returnObjects: true }).map((text) => <UnstyledButton key={text} display="block" py={4} onClick={() => ask(text)}><Text size="sm" td="underline">{text}</Text></UnstyledButton>)}
        </div>
      )}
      {read && <NewAlert key={JSON.stringify(read)} source={read} onDone={onDone} />}
    </Stack>
  )
}
