import { Badge, Button, Checkbox, Group, Menu, Modal, Paper, SimpleGrid, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { IconLayoutDashboard } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { createLink, useNavigate } from '@tanstack/react-router'
import { type ComponentProps, type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { type DashboardEntry, dashboardsQuery, type Tile } from '../api/dashboards'
import { meQuery } from '../api/queries'
import { ErrorNote } from '../parts/ErrorNote'
import { day } from '../parts/format'
import { useAct } from '../parts/useAct'
import { ImportDialog } from './ImportDialog'
import { ProposeDialog } from './ProposeDialog'
import './words'

const LAST = 4

const CardLink = createLink((props: ComponentProps<'a'>) => <Paper component="a" withBorder p="md" className="suggestion dashboard-card" {...props} />)

/** All dashboards that one may see, and how to make another. */
export function Dashboards() {
  const { t } = useTranslation('dashboards')
  const navigate = useNavigate()
  const me = useQuery(meQuery)
  const mayWrite = !!me.data?.permissions.includes('dashboards.write')
  const [text, setText] = useState('')
  const [q] = useDebouncedValue(text.trim(), 200)
  const [mine, setMine] = useState(false)
  const [making, setMaking] = useState<'empty' | 'about' | 'import' | null>(null)
  const list = useInfiniteQuery(dashboardsQuery(q, mine))
  const items = list.data?.pages.flatMap((p) => p.items) ?? []
  const viewed = q || mine ? [] : items.filter((d) => d.viewed_at).sort((a, b) => Date.parse(b.viewed_at ?? '') - Date.parse(a.viewed_at ?? '')).slice(0, LAST)
  const open = (id: string, edit = false) => void navigate({ to: '/dashboards/$id', params: { id }, search: edit ? { edit: true } : {} })
  const close = () => setMaking(null)
  return (
    <Stack maw={1200} mx="auto" gap="md">
      <Group justify="space-between">
        <Title order={1} size="h3">{t('title')}</Title>
        {mayWrite && (
          <Menu position="bottom-end">
            <Menu.Target><Button>{t('new')}</Button></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => setMaking('about')}>{t('newAbout')}</Menu.Item>
              <Menu.Item onClick={() => setMaking('empty')}>{t('newEmpty')}</Menu.Item>
              <Menu.Item onClick={() => setMaking('import')}>{t('newImport')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      <Group gap="md">
        <TextInput aria-label={t('search')} placeholder={t('search')} value={text} onChange={(e) => setText(e.target.value)} style={{ flex: '1 1 220px', maxWidth: 420 }} />
        <Checkbox label={t('mine')} checked={mine} onChange={(e) => setMine(e.currentTarget.checked)} />
      </Group>
      <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
      {list.isPending && <Skeleton h={200} aria-label={t('loading', { ns: 'parts' })} />}
      {list.data && !items.length && <Text c="dimmed">{t(q || mine ? 'nothingFound' : 'none')}</Text>}
      {viewed.length > 0 && items.length > LAST && <Cards title={t('lastViewed')} items={viewed} />}
      {items.length > 0 && <Cards title={viewed.length > 0 && items.length > LAST ? t('all') : undefined} items={items} />}
      {list.hasNextPage && <Group><Button variant="default" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('more')}</Button></Group>}
      {making === 'empty' && <NewDashboard onMade={(id) => open(id, true)} onClose={close} />}
      {making === 'import' && <ImportDialog onDone={open} onClose={close} />}
      {making === 'about' && <ProposeDialog onClose={close} onTiles={async (name, tiles) => open(await create(name, tiles))} />}
    </Stack>
  )
}

async function create(name: string, tiles: Tile[] = [], description?: string): Promise<string> {
  return (await unwrap(api.POST('/api/v1/dashboards', { body: { name, description, tiles, sharing: 'private' } }))).id
}

function Cards({ title, items }: { title?: string; items: DashboardEntry[] }) {
  const { t } = useTranslation('dashboards')
  return (
    <section aria-label={title ?? t('title')}>
      {title && <Title order={2} size="h5" mb="xs">{title}</Title>}
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
        {items.map((d) => (
          <CardLink key={d.id} to="/dashboards/$id" params={{ id: d.id }} data-testid="dashboard">
            <Group gap="xs" wrap="nowrap" align="start">
              <IconLayoutDashboard size={20} aria-hidden style={{ flex: 'none', marginTop: 2 }} />
              <Text fw={600} lineClamp={2} style={{ flex: 1 }}>{d.name}</Text>
              <Badge size="sm" variant="default" tt="none" miw="max-content">{t(`sharing.${d.sharing}`)}</Badge>
            </Group>
            {d.description && <Text size="sm" c="dimmed" lineClamp={2} mt={4}>{d.description}</Text>}
            <Text size="xs" c="dimmed" mt="auto" pt={6}>
              {[t('tiles', { count: d.tiles }), !d.mine && t('by', { name: d.owner_name }), d.viewed_at ? t('viewedAt', { at: day(d.viewed_at) }) : t('changedAt', { at: day(d.updated_at) })].filter(Boolean).join(' · ')}
            </Text>
          </CardLink>
        ))}
      </SimpleGrid>
    </section>
  )
}

function NewDashboard({ onMade, onClose }: { onMade: (id: string) => void; onClose: () => void }) {
  const { t } = useTranslation('dashboards')
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const make = useAct(() => create(name.trim(), [], description.trim() || undefined), [['dashboards']], onMade)
  const send = (event: FormEvent) => { event.preventDefault(); make.mutate() }
  return (
    <Modal opened onClose={onClose} title={t('newEmpty')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      <form onSubmit={send}>
        <Stack>
          <TextInput data-autofocus label={t('name')} required maxLength={200} value={name} onChange={(e) => setName(e.target.value)} />
          <TextInput label={t('description')} maxLength={2000} value={description} onChange={(e) => setDescription(e.target.value)} />
          <ErrorNote error={make.error} />
          <Group><Button type="submit" disabled={!name.trim()} loading={make.isPending}>{t('create')}</Button></Group>
        </Stack>
      </form>
    </Modal>
  )
}
