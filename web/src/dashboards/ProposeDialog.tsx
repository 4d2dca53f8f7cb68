import { Button, Checkbox, Group, Modal, NativeSelect, SimpleGrid, Skeleton, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import type { Proposal, Tile } from '../api/dashboards'
import { connectionsQuery } from '../api/queries'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'
import { TileBody } from './TileBody'
import { usePreview } from './usePreview'

interface Props {
  /** Whether the tiles go to a dashboard that there is. */
  adding?: boolean
  onTiles: (name: string, tiles: Tile[]) => Promise<void>
  onClose: () => void
}

/** Proposes tiles from one sentence; each runs as a preview, and the person picks. */
export function ProposeDialog({ adding, onTiles, onClose }: Props) {
  const { t } = useTranslation('dashboards')
  const connections = useQuery(connectionsQuery)
  const [about, setAbout] = useState('')
  const [chosen, setChosen] = useState('')
  const [dropped, setDropped] = useState<string[]>([])
  const connection = chosen || connections.data?.find((c) => c.sample)?.id || connections.data?.[0]?.id || ''
  const propose = useAct(() => unwrap(api.POST('/api/v1/dashboards/propose', { body: { connection_id: connection, about } })), [])
  const proposals = (propose.data?.tiles ?? []) as Proposal[]
  const kept = proposals.filter((p) => !dropped.includes(p.id))
  const keep = useAct(() => onTiles(propose.data?.name ?? about, kept.map((p) => ({ id: p.id, kind: p.kind, title: p.title, connection_id: p.connection_id, sql: p.sql, view: p.view, x: p.x, y: p.y, w: p.w, h: p.h, order: p.order }))), [])
  const ask = (event: FormEvent) => { event.preventDefault(); setDropped([]); propose.mutate() }
  return (
    <Modal opened onClose={onClose} size={proposals.length ? 1100 : 'lg'} title={t(adding ? 'propose.addTitle' : 'propose.title')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      <Stack>
        <form onSubmit={ask}>
          <Group align="end" gap="sm">
            <TextInput data-autofocus style={{ flex: '1 1 280px' }} label={t('propose.about')} placeholder={t('propose.placeholder')} maxLength={500} value={about} onChange={(e) => setAbout(e.target.value)} />
            {(connections.data?.length ?? 0) > 1 && <NativeSelect label={t('propose.database')} value={connection} onChange={(e) => setChosen(e.currentTarget.value)} data={connections.data?.map((c) => ({ value: c.id, label: c.name }))} />}
            <Button type="submit" disabled={!about.trim() || !connection} loading={propose.isPending}>{t('propose.propose')}</Button>
          </Group>
        </form>
        <ErrorNote error={propose.error ?? keep.error ?? connections.error} />
        {propose.isPending && <Skeleton h={200} aria-label={t('loading', { ns: 'parts' })} />}
        {propose.data && !proposals.length && <Text size="sm" role="status">{t('propose.nothing')}</Text>}
        {proposals.length > 0 && (
          <>
            <Text size="sm"><strong>{t('propose.choose')}</strong> · {t('propose.checked')}</Text>
            <SimpleGrid cols={{ base: 1, sm: 2, md: 3 }} spacing="sm">
              {proposals.map((p) => <Proposed key={p.id} proposal={p} kept={!dropped.includes(p.id)} onKeep={(yes) => setDropped(yes ? dropped.filter((d) => d !== p.id) : [...dropped, p.id])} />)}
            </SimpleGrid>
            <Group><Button disabled={!kept.length} loading={keep.isPending} onClick={() => keep.mutate()}>{t(adding ? 'propose.add' : 'propose.keep', { count: kept.length })}</Button></Group>
          </>
        )}
      </Stack>
    </Modal>
  )
}

function Proposed({ proposal: p, kept, onKeep }: { proposal: Proposal; kept: boolean; onKeep: (yes: boolean) => void }) {
  const { t } = useTranslation('dashboards')
  const { state, rows, waiting, failure } = usePreview([], p)
  return (
    <div className="tile proposal" data-off={!kept || undefined} data-testid="proposal" data-status={state?.status}>
      <Checkbox label={p.title} checked={kept} onChange={(e) => onKeep(e.currentTarget.checked)} styles={{ label: { fontWeight: 600 } }} />
      <Text size="xs" c="dimmed" lineClamp={2} title={p.understanding}>{t('propose.how', { text: p.understanding })}</Text>
      <div className="proposal-body"><TileBody title={p.title ?? ''} rows={rows} chart={rows?.chart} waiting={waiting} failure={failure} ranAt={state?.ran_at} /></div>
    </div>
  )
}
