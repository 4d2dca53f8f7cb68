import { Autocomplete, Button, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { relationsQuery } from '../api/catalog'
import { ErrorNote } from '../parts/ErrorNote'
import { Graph } from './Graph'
import { type Box, layout } from './layout'
import './words'

/** The tables and the keys that join them, as a picture. */
export default function Relations({ connection }: { connection: string }) {
  const { t } = useTranslation('catalog')
  const navigate = useNavigate()
  const graph = useQuery(relationsQuery(connection))
  const picture = useMemo(() => graph.data && layout(graph.data.nodes, graph.data.edges), [graph.data])
  const [wanted, setWanted] = useState('')
  const found = picture?.boxes.find((b) => b.name === wanted)
  const open = (box: Box) => {
    const [schema = '', table = ''] = JSON.parse(box.id) as string[]
    void navigate({ to: '/catalog/$connection/$schema/$table', params: { connection, schema, table } })
  }
  if (graph.isPending) return <Skeleton h={500} aria-label={t('loading', { ns: 'parts' })} />
  if (!picture) return <ErrorNote error={graph.error} onRetry={() => void graph.refetch()} />
  if (!picture.boxes.length) return <Text c="dimmed">{t('graphEmpty')}</Text>
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Autocomplete aria-label={t('graphFind')} placeholder={t('graphFind')} data={picture.boxes.map((b) => b.name)} limit={20} w={260} value={wanted} onChange={setWanted} />
        {found && <Button size="xs" variant="default" onClick={() => open(found)}>{t('openNamed', { name: found.name })}</Button>}
        <Text size="xs" c="dimmed">{picture.lines.length ? t('graphHelp') : t('noKeys')}</Text>
      </Group>
      <Graph key={connection} picture={picture} found={found?.id} onOpen={open} />
    </Stack>
  )
}
