import { Group, Select, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Trans, useTranslation } from 'react-i18next'
import { savedQueryQuery } from '../api/editor'
import { connectionsQuery, meQuery } from '../api/queries'
import { ErrorNote } from '../parts/ErrorNote'
import { PageLink } from '../parts/links'
import { Workspace } from './Workspace'
import './words'

/** Where those who prefer SQL write it: the same guard, steps and answers as a question's. */
export function SqlPage() {
  const { t } = useTranslation('sql')
  const navigate = useNavigate()
  const search = useSearch({ strict: false }) as { connection?: string; saved?: string }
  const me = useQuery(meQuery)
  const connections = useQuery(connectionsQuery)
  const saved = useQuery({ ...savedQueryQuery(search.saved ?? ''), enabled: !!search.saved })
  const items = connections.data ?? []
  const wanted = saved.data?.connection_id ?? search.connection
  const connection = items.find((c) => c.id === wanted) ?? items.find((c) => c.sample) ?? items[0]
  const ready = connections.data && me.data && !(search.saved && saved.isPending)

  if (me.data && !me.data.permissions.includes('ask')) return <Text>{t('forbidden')}</Text>
  return (
    <Stack maw={1200} mx="auto">
      <Group justify="space-between">
        <Title order={1} size="h3">{t('title')}</Title>
        {connection && <Select aria-label={t('database')} data={items.map((c) => ({ value: c.id, label: c.name }))} value={connection.id} allowDeselect={false}
          onChange={(id) => void navigate({ to: '/sql', search: { connection: id ?? undefined } })} />}
      </Group>
      <ErrorNote error={connections.error} onRetry={() => void connections.refetch()} />
      <ErrorNote error={saved.error} onRetry={() => void saved.refetch()} />
      {!ready && !connections.error && <Skeleton h={220} aria-label={t('loading', { ns: 'parts' })} />}
      {connections.data && !connection && (
        <Text><Trans t={t} i18nKey="none" components={{ page: <PageLink to="/connections" underline="always" inherit /> }} /></Text>
      )}
      {ready && connection && <Workspace key={connection.id} person={me.data.user.id} connection={connection.id} open={saved.data} />}
    </Stack>
  )
}
