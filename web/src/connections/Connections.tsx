import { Badge, Button, Checkbox, Group, Modal, Paper, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { connectionsQuery, meQuery } from '../api/queries'
import type { Connection, Report } from '../api/types'
import { ConnectionForm, ReportNote } from './ConnectionForm'
import { ErrorNote } from '../parts/ErrorNote'
import { PageButton } from '../parts/links'
import './words'

/** The organisation's databases: add, test, browse. */
export function Connections() {
  const { t } = useTranslation('connections')
  const [adding, { open, close }] = useDisclosure(false)
  const me = useQuery(meQuery)
  const list = useQuery(connectionsQuery)
  const mayWrite = me.data?.permissions.includes('connections.write') ?? false
  return (
    <Stack maw={1000} mx="auto">
      <Group justify="space-between">
        <Title order={1} size="h3">{t('title')}</Title>
        {mayWrite && <Button onClick={open}>{t('connect')}</Button>}
      </Group>
      <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
      {list.isLoading && <Skeleton h={80} aria-label={t('loading', { ns: 'parts' })} />}
      {list.data?.length === 0 && <Text>{t('none')}{mayWrite ? '' : ` ${t('askAdmin')}`}</Text>}
      {list.data?.map((c) => <ConnectionCard key={c.id} connection={c} mayWrite={mayWrite} />)}
      <Modal opened={adding} onClose={close} title={t('connectTitle')} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}><ConnectionForm onDone={close} /></Modal>
    </Stack>
  )
}

function ConnectionCard({ connection: c, mayWrite }: { connection: Connection; mayWrite: boolean }) {
  const { t } = useTranslation('connections')
  const queries = useQueryClient()
  const [removing, { open, close }] = useDisclosure(false)
  const [report, setReport] = useState<Report | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState('')
  const [withConversations, setWithConversations] = useState(false)
  const params = { path: { id: c.id } }
  const run = async (name: string, work: () => Promise<void>) => {
    setBusy(name)
    setError(null)
    await work().catch((e: Error) => setError(e))
    setBusy('')
  }
  const test = () => run('test', async () => setReport(await unwrap(api.POST('/api/v1/connections/{id}/test', { params }))))
  const remove = () => run('remove', async () => {
    await unwrap(api.DELETE('/api/v1/connections/{id}', { params: { ...params, query: { conversations: withConversations } } }))
    close()
    await queries.invalidateQueries()
  })
  return (
    <Paper withBorder p="md" component="section" aria-label={c.name}>
      <Group justify="space-between">
        <div>
          <Group gap="xs"><Text fw={600} className="wrap">{c.name}</Text>{c.sample && <Badge variant="light">{t('sample')}</Badge>}</Group>
          <Text size="sm" c="dimmed" className="wrap">PostgreSQL · {c.host}:{c.port}/{c.database} · {c.schemas.join(', ')}</Text>
        </div>
        <Group gap="xs">
          {mayWrite && <Button size="xs" variant="default" loading={busy === 'test'} onClick={() => void test()}>{t('test')}</Button>}
          <PageButton size="xs" variant="default" to="/catalog" search={{ connection: c.id }}>{t('catalog')}</PageButton>
          {mayWrite && <Button size="xs" variant="subtle" color="red" onClick={open}>{t('disconnect')}</Button>}
        </Group>
      </Group>
      {!removing && <ErrorNote error={error} />}
      {report && <ReportNote report={report} />}
      <Modal opened={removing} onClose={close} title={t('disconnectTitle', { name: c.name })} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        <Stack>
          <Text size="sm">{t('untouched')}</Text>
          <Checkbox label={t('withConversations')}
            checked={withConversations} onChange={(e) => setWithConversations(e.currentTarget.checked)} />
          <ErrorNote error={error} />
          <Group><Button color="red" loading={busy === 'remove'} onClick={() => void remove()}>{t('disconnect')}</Button><Button variant="default" onClick={close}>{t('cancel', { ns: 'parts' })}</Button></Group>
        </Stack>
      </Modal>
    </Paper>
  )
}
