import { Group, Select, Skeleton, Stack, Tabs, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type ComponentType, Suspense } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { connectionsQuery } from '../api/queries'
import { ErrorNote } from '../parts/ErrorNote'
import { lazyPart } from '../parts/lazyPage'
import { PageLink } from '../parts/links'
import { Glossary } from './Glossary'
import { Reading } from './Reading'
import { Tables } from './Tables'
import { Verified } from './Verified'
import './words'

const Relations = lazyPart(() => import('./Relations'))

const VIEWS: { name: 'tables' | 'relations' | 'glossary' | 'verified'; view: ComponentType<{ connection: string }> }[] = [
  { name: 'tables', view: Tables }, { name: 'relations', view: Relations }, { name: 'glossary', view: Glossary }, { name: 'verified', view: Verified },
]

/** What a database holds, and what people say of it. */
export function Catalog() {
  const { t } = useTranslation('catalog')
  const navigate = useNavigate()
  const search = useSearch({ strict: false }) as { connection?: string; view?: string }
  const connections = useQuery(connectionsQuery)
  const items = connections.data ?? []
  const connection = items.find((c) => c.id === search.connection) ?? items.find((c) => c.sample) ?? items[0]
  const current = VIEWS.find((v) => v.name === search.view)?.name ?? 'tables'
  const go = (to: { connection?: string; view?: string }) => void navigate({ to: '/catalog', search: { ...search, ...to } })
  return (
    <Stack maw={1200} mx="auto" gap="sm">
      <Group justify="space-between">
        <Title order={1} size="h3">{t('title')}</Title>
        {connection && <Select aria-label={t('database')} data={items.map((c) => ({ value: c.id, label: c.name }))} value={connection.id} allowDeselect={false}
          onChange={(id) => go({ connection: id ?? undefined })} />}
      </Group>
      <ErrorNote error={connections.error} onRetry={() => void connections.refetch()} />
      {connections.isPending && <Skeleton h={240} aria-label={t('loading', { ns: 'parts' })} />}
      {connections.data && !connection && (
        <Text><Trans t={t} i18nKey="none" components={{ page: <PageLink to="/connections" underline="always" inherit /> }} /></Text>
      )}
      {connection && (
        <>
          <Reading connection={connection.id} />
          <Tabs value={current} onChange={(view) => go({ view: view ?? undefined })} keepMounted={false}>
            <Tabs.List mb="md">{VIEWS.map((v) => <Tabs.Tab key={v.name} value={v.name}>{t(`view.${v.name}`)}</Tabs.Tab>)}</Tabs.List>
            {VIEWS.map(({ name, view: View }) => (
              <Tabs.Panel key={name} value={name}>
                <Suspense fallback={<Skeleton h={400} aria-label={t('loading', { ns: 'parts' })} />}><View key={connection.id} connection={connection.id} /></Suspense>
              </Tabs.Panel>
            ))}
          </Tabs>
        </>
      )}
    </Stack>
  )
}
