import { Badge, Button, Collapse, Group, Paper, Skeleton, Stack, Table, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { exportsQuery } from '../api/exports'
import { connectionsQuery, meQuery } from '../api/queries'
import type { Export } from '../api/types'
import { Confirm } from '../parts/Confirm'
import { ErrorNote } from '../parts/ErrorNote'
import { duration, moment } from '../parts/format'
import { useAct } from '../parts/useAct'
import { COLORS } from './choices'
import { ExportProgress } from './ExportProgress'
import { Head } from './Tabs'
import './words'

/** One's exports: how far they are, and what can be done with them. */
export function ExportsPage() {
  const { t } = useTranslation('exports')
  const me = useQuery(meQuery)
  const exports = useInfiniteQuery({ ...exportsQuery, enabled: !!me.data?.permissions.includes('exports.read') })
  const [going, setGoing] = useState<Export | null>(null)
  const remove = useAct((id: string) => unwrap(api.DELETE('/api/v1/exports/{id}', { params: { path: { id } } })), [exportsQuery.queryKey], () => setGoing(null))
  if (me.data && !me.data.permissions.includes('exports.read')) return <Text>{t('forbidden')}</Text>
  const items = exports.data?.pages.flatMap((p) => p.items)
  return (
    <Stack maw={900} mx="auto">
      <Head page="made" />
      <ErrorNote error={exports.error} onRetry={() => void exports.refetch()} />
      {exports.isPending && !exports.error && <Skeleton h={140} aria-label={t('loading', { ns: 'parts' })} />}
      {items?.length === 0 && <Text>{t('none')}</Text>}
      {items?.map((e) => <Item key={e.id} export={e} onDelete={() => { remove.reset(); setGoing(e) }} />)}
      {exports.hasNextPage && <Button variant="default" w="fit-content" loading={exports.isFetchingNextPage} onClick={() => void exports.fetchNextPage()}>{t('more')}</Button>}
      <Confirm opened={!!going} onClose={() => setGoing(null)} title={t('deleteTitle')} action={t('delete')} busy={remove.isPending} error={remove.error} onConfirm={() => going && remove.mutate(going.id)}>
        <Text fw={600} className="wrap">{going?.file_name}</Text>
        <Text size="sm">{t('deleteText')}</Text>
      </Confirm>
    </Stack>
  )
}

function Item({ export: e, onDelete }: { export: Export; onDelete: () => void }) {
  const { t } = useTranslation('exports')
  const connections = useQuery(connectionsQuery)
  const [open, { toggle }] = useDisclosure(false)
  const connection = connections.data?.find((c) => c.id === e.connection_id)
  const facts = [connection?.name, t(`formats.${e.format}`) + (e.compression === 'none' ? '' : ` · ${t(`compressions.${e.compression}`)}`), t('created', { when: moment(e.created_at) }),
    e.status === 'done' && e.expires_at && t('expires', { when: moment(e.expires_at) })].filter(Boolean)
  return (
    <Paper withBorder p="md" component="article" aria-label={e.file_name} data-export={e.id} data-status={e.status}>
      <Stack gap="xs">
        <Group justify="space-between" wrap="nowrap" align="start">
          <div style={{ minWidth: 0 }}>
            <Title order={2} size="h5" className="wrap">{e.name}</Title>
            <Text size="xs" c="dimmed" className="wrap">{facts.join(' · ')}</Text>
          </div>
          <Badge color={COLORS[e.status]} variant="light" miw="max-content">{t(`status.${e.status}`)}</Badge>
        </Group>
        <ExportProgress export={e} onDelete={onDelete}>
          <Button size="compact-sm" variant="default" aria-expanded={open} onClick={toggle}>{t('details')}</Button>
        </ExportProgress>
        <Collapse expanded={open}>{open && <Details export={e} />}</Collapse>
      </Stack>
    </Paper>
  )
}

function Details({ export: e }: { export: Export }) {
  const { t } = useTranslation('exports')
  const rows: [string, string][] = [[t('sql'), e.sql], [t('parts'), String(e.parts)]]
  if (e.started_at && e.ended_at) rows.push([t('rate'), duration(Date.parse(e.ended_at) - Date.parse(e.started_at))])
  if (e.sha256) rows.push([t('sha'), e.sha256])
  return (
    <Table withRowBorders={false} verticalSpacing={2}>
      <Table.Tbody>{rows.map(([name, value]) => <Table.Tr key={name}><Table.Th w={90} style={{ verticalAlign: 'top' }}>{name}</Table.Th><Table.Td className="wrap" ff="monospace" fz="xs">{value}</Table.Td></Table.Tr>)}</Table.Tbody>
    </Table>
  )
}
