import { Center, Group, Loader, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, Problem, unwrap } from '../api/client'
import type { PublicTile } from '../api/dashboards'
import { parseExact } from '../api/exact'
import type { Result, Schemas } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { Markdown } from '../parts/Markdown'
import { Grid } from './Grid'
import { TileBody } from './TileBody'
import { TileFrame } from './TileFrame'
import './words'

const POLL_MS = 2000
const LOOK_AGAIN_MS = 5 * 60_000

/** A dashboard for whoever has its link: nobody signs in, and nothing can be changed. */
export function PublicPage() {
  const { t } = useTranslation('dashboards')
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? '')
  const shown = useQuery({
    queryKey: ['public', token],
    queryFn: async () => parseExact(await unwrap(api.POST('/api/v1/public/dashboard', { body: { token }, parseAs: 'text' }))) as Schemas['PublicDashboard'],
    enabled: token.length >= 10,
    refetchInterval: (query) => (query.state.data?.tiles.some((tile) => tile.status === 'refreshing') ? POLL_MS : LOOK_AGAIN_MS),
  })
  useEffect(() => {
    const robots = Object.assign(document.createElement('meta'), { name: 'robots', content: 'noindex, nofollow' })
    document.head.append(robots)
    return () => robots.remove()
  }, [])
  useEffect(() => { if (shown.data) document.title = shown.data.name }, [shown.data])

  if (token.length < 10) return <Said title={t('public.gone')} text={t('public.missing')} />
  if (shown.error instanceof Problem && shown.error.status === 404) return <Said title={t('public.gone')} text={t('public.goneText')} />
  if (shown.error && !shown.data) return <Center component="main" mih="100vh" p="md"><ErrorNote error={shown.error} onRetry={() => void shown.refetch()} /></Center>
  if (!shown.data) return <Center component="main" mih="100vh"><Loader aria-label={t('loading', { ns: 'parts' })} /></Center>
  const { name, description, filters, tiles, expires_at } = shown.data
  return (
    <main className="public">
      <Stack gap="sm">
        <div>
          <Title order={1} size="h3" className="wrap">{name}</Title>
          {description && <Text size="sm" c="dimmed" className="wrap">{description}</Text>}
          {filters.length > 0 && <Group gap="md" mt={4}>{filters.map((f) => <Text key={f.label} size="sm">{f.label}: <strong>{Array.isArray(f.value) ? f.value.join(', ') : String(f.value)}</strong></Text>)}</Group>}
        </div>
        <Grid tiles={tiles}>{(tile) => <Shown tile={tile} />}</Grid>
        <Text size="xs" c="dimmed">DataMind · {t('public.ends', { at: moment(expires_at) })}</Text>
      </Stack>
    </main>
  )
}

function Said({ title, text }: { title: string; text: string }) {
  return <Center component="main" mih="100vh" p="md"><Stack gap="xs" maw={420}><Title order={1} size="h3">{title}</Title><Text>{text}</Text></Stack></Center>
}

function Shown({ tile }: { tile: PublicTile }) {
  const { t } = useTranslation('dashboards')
  if (tile.kind === 'text') return <TileFrame title={tile.title} kind="text"><div className="tile-text" tabIndex={0}><Markdown text={tile.text ?? ''} level={tile.title ? 3 : 2} /></div></TileFrame>
  return (
    <TileFrame title={tile.title} kind="query" status={tile.status} ranAt={tile.ran_at}>
      <TileBody title={tile.title ?? ''} rows={tile.result as Result | undefined} chart={tile.chart} ranAt={tile.ran_at} waiting={tile.status === 'refreshing'} failure={tile.status === 'failed' && !tile.result ? t('public.notRead') : undefined} />
    </TileFrame>
  )
}
