import { ActionIcon, Badge, Button, Group, Menu, Paper, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconDots } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { lookSoon } from '../api/alerts'
import { api, unwrap } from '../api/client'
import { meQuery } from '../api/queries'
import { type Report, reportsKey, reportsQuery, showReport } from '../api/reports'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { PageLink } from '../parts/links'
import { useAct } from '../parts/useAct'
import { scheduleWords } from '../parts/schedule'
import { COLORS, recipientWords, showsWords, standing } from './describe'
import { ReportDialog } from './MakeReport'
import { savePdf } from './savePdf'
import './words'

/** So many are seen at a glance. */
const GLANCE = 6

/** One's reports, and those that one gets. */
export function Reports() {
  const { t } = useTranslation('reports')
  const navigate = useNavigate()
  const me = useQuery(meQuery)
  const list = useInfiniteQuery(reportsQuery)
  const [making, { open, close }] = useDisclosure(false)
  const [wanted, setWanted] = useState('')
  const may = me.data?.permissions.includes('reports.write') ?? false
  const all = list.data?.pages.flatMap((p) => p.items)
  const word = wanted.trim().toLowerCase()
  const rows = all?.filter((r) => `${r.name} ${showsWords(t, r)} ${r.recipients.map((to) => to.name).join(' ')} ${r.owner_name}`.toLowerCase().includes(word))
  return (
    <Stack maw={1100} mx="auto">
      <Group justify="space-between" align="start" gap="xs">
        <div style={{ flex: '1 1 300px' }}>
          <Title order={1} size="h3">{t('title')}</Title>
          <Text size="sm" c="dimmed" maw={640}>{t('about')}</Text>
        </div>
        {may && !!all?.length && <Button onClick={open}>{t('new')}</Button>}
      </Group>
      {(all?.length ?? 0) > GLANCE && <TextInput aria-label={t('find')} placeholder={t('find')} value={wanted} onChange={(e) => setWanted(e.currentTarget.value)} maw={420} />}
      <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
      {list.isLoading && <Skeleton h={160} aria-label={t('loading', { ns: 'parts' })} />}
      {all?.length === 0 && (may ? (
        <Paper withBorder p="lg">
          <Text fw={600}>{t('none')}</Text>
          <Text size="sm" c="dimmed" mb="md" maw={560}>{t('noneMeans')}</Text>
          <Button onClick={open}>{t('first')}</Button>
        </Paper>
      ) : <Text>{t('noneMay')}</Text>)}
      {!!all?.length && rows?.length === 0 && <Text c="dimmed">{t('nothing')}</Text>}
      <Stack component="ul" className="plain-list" gap="xs">{rows?.map((r) => <Row key={r.id} report={r} may={may} />)}</Stack>
      {list.hasNextPage && <Button variant="default" mx="auto" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('more')}</Button>}
      <ReportDialog title={t('new')} close={t('close', { ns: 'parts' })} opened={making} onClose={close} onMade={(r) => void navigate({ to: '/reports/$id', params: { id: r.id } })} />
    </Stack>
  )
}

function Row({ report: r, may }: { report: Report; may: boolean }) {
  const { t } = useTranslation('reports')
  const words = useTranslation('parts')
  const queries = useQueryClient()
  const params = { path: { id: r.id } }
  const act = useAct((work: () => Promise<unknown>) => work(), [reportsKey])
  const run = useAct(() => unwrap(api.POST('/api/v1/reports/{id}/run', { params, body: {} })), [reportsKey], () => lookSoon(() => void queries.invalidateQueries({ queryKey: reportsKey })))
  const stands = standing(r)
  const paused = r.status === 'paused'
  const last = r.last_run && r.last_run.status !== 'running' ? t('lastRun', { when: moment(r.last_run.finished_at ?? r.last_run.at) }) : ''
  return (
    <Paper withBorder p="sm" component="li" data-status={stands}>
      <Group wrap="nowrap" align="start" gap="md">
        <div style={{ flex: 1, minWidth: 0 }}>
          <Group gap="xs" wrap="wrap">
            <PageLink to="/reports/$id" params={{ id: r.id }} fw={600} className="wrap">{r.name}</PageLink>
            <Badge color={COLORS[stands]} variant="light" tt="none" miw="max-content" title={last || undefined}>{t(`status.${stands}`)}</Badge>
          </Group>
          <Text size="sm" className="wrap">{showsWords(t, r)} · {t('to', { names: recipientWords(t, r) })}</Text>
          <Text size="xs" c="dimmed" className="wrap">{[scheduleWords(words.t, r.cron, r.time_zone), r.next[0] && t('next', { when: moment(r.next[0]) }), last, !r.mine && t('owner', { name: r.owner_name || t('personGone') })].filter(Boolean).join(' · ')}</Text>
          {r.last_run?.status === 'failed' && <Text size="xs" c="red" className="wrap">{r.last_run.text}</Text>}
          <ErrorNote error={act.error ?? run.error} />
        </div>
        {may && r.mine && (
          <Group gap="xs" wrap="nowrap">
            <Button size="xs" variant="default" visibleFrom="sm" loading={run.isPending || stands === 'running'} onClick={() => run.mutate()}>{t('act.run')}</Button>
            <Menu position="bottom-end">
              <Menu.Target><ActionIcon variant="subtle" color="gray" size={30} aria-label={t('act.more', { name: r.name })}><IconDots size={18} /></ActionIcon></Menu.Target>
              <Menu.Dropdown>
                <Menu.Item hiddenFrom="sm" onClick={() => run.mutate()}>{t('act.run')}</Menu.Item>
                <Menu.Item onClick={() => act.mutate(() => savePdf(r.name, () => showReport(r.id)))}>{t('act.preview')}</Menu.Item>
                <Menu.Item onClick={() => act.mutate(() => unwrap(api.POST(paused ? '/api/v1/reports/{id}/resume' : '/api/v1/reports/{id}/pause', { params })))}>{t(paused ? 'act.resume' : 'act.pause')}</Menu.Item>
              </Menu.Dropdown>
            </Menu>
          </Group>
        )}
      </Group>
    </Paper>
  )
}
