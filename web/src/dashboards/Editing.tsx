import { ActionIcon, Alert, Button, Group, Menu, NativeSelect, Skeleton, Stack, Text, Textarea, TextInput, Title } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { IconArrowDown, IconArrowUp, IconDots } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type ReactNode, Suspense, useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, Problem, unwrap } from '../api/client'
import { type Dashboard, dashboardQuery, type Tile, type TileRows, type Values } from '../api/dashboards'
import { ErrorNote } from '../parts/ErrorNote'
import { Markdown } from '../parts/Markdown'
import { lazyPart } from '../parts/lazyPage'
import { useAct } from '../parts/useAct'
import { body, shownOf } from './body'
import { FilterEditor } from './FilterEditor'
import { below, restack, stacked } from './layout'
import { ProposeDialog } from './ProposeDialog'
import { QueryTile } from './QueryTile'
import { SavedQueryPicker } from './SavedQueryPicker'
import { TileBody } from './TileBody'
import { TileEditor } from './TileEditor'
import { TileFrame } from './TileFrame'
import { usePreview } from './usePreview'
import { useTiles } from './useTiles'

const EditGrid = lazyPart(() => import('./EditGrid'))
const AUTO = { 0: 'off', 30: 's30', 60: 'm1', 300: 'm5', 900: 'm15', 3600: 'h1', 86400: 'd1' } as const

/** A dashboard while it is changed: nothing is stored until it is saved. */
export function Editing({ stored, values, onLeave }: { stored: Dashboard; values: Values; onLeave: () => void }) {
  const { t } = useTranslation('dashboards')
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [base, setBase] = useState(stored)
  const [draft, setDraft] = useState(stored)
  const [opened, setOpened] = useState<'filters' | 'saved' | 'propose' | null>(null)
  const [edited, setEdited] = useState<Tile | null>(null)
  const { states, refresh } = useTiles(base, values)
  const phone = useMediaQuery('(max-width: 48em)')
  const tiles = (draft.tiles ?? []) as Tile[]
  const changed = JSON.stringify(body(draft)) !== JSON.stringify(body(base))
  const set = (part: Partial<Dashboard>) => setDraft((d) => ({ ...d, ...part }))
  const save = useAct(() => unwrap(api.PUT('/api/v1/dashboards/{id}', { params: { path: { id: base.id } }, body: body(draft) })), [['dashboards']], (next) => {
    queries.setQueryData(dashboardQuery(base.id).queryKey, next)
    onLeave()
  })
  const copy = useAct(() => unwrap(api.POST('/api/v1/dashboards', { body: { ...shownOf(draft), name: t('conflict.copyName', { name: draft.name }).slice(0, 200), sharing: 'private' } })), [['dashboards']],
    (made) => void navigate({ to: '/dashboards/$id', params: { id: made.id }, search: {} }))
  const reload = useAct(() => unwrap(api.GET('/api/v1/dashboards/{id}', { params: { path: { id: base.id } } })), [], (next) => {
    queries.setQueryData(dashboardQuery(base.id).queryKey, next)
    setBase(next)
    setDraft(next)
    save.reset()
  })
  const takeOver = useAct((tile: Tile) => unwrap(api.GET('/api/v1/saved-queries/{id}', { params: { path: { id: tile.saved_query_id ?? '' } } })), [],
    (query, tile) => set({ tiles: tiles.map((other) => (other.id === tile.id ? { ...other, sql: query.sql, parameters: query.parameters } : other)) }))
  useEffect(() => {
    if (!changed) return
    const warn = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', warn)
    return () => removeEventListener('beforeunload', warn)
  }, [changed])

  const conflict = save.error instanceof Problem && save.error.status === 409
  const add = (more: Omit<Tile, 'x' | 'y' | 'order'>) => setDraft((d) => ({ ...d, tiles: [...(d.tiles ?? []), { ...more, ...below((d.tiles ?? []) as Tile[], more) }] }))
  const isStored = (tile: Tile) => base.tiles?.some((s) => s.id === tile.id && s.sql === tile.sql)
  const shown = (tile: Tile, handle: ReactNode) => {
    const title = tile.title || t('tile.untitled')
    const menu = (
      <Menu position="bottom-end">
        <Menu.Target><ActionIcon variant="subtle" color="gray" size="sm" aria-label={t('tile.menu', { title })}><IconDots size={16} /></ActionIcon></Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => setEdited(tile)}>{t('tile.edit')}</Menu.Item>
          {tile.saved_query_id && base.outdated.includes(tile.id) && isStored(tile) && <Menu.Item onClick={() => takeOver.mutate(tile)}>{t('tile.takeOver')}</Menu.Item>}
          <Menu.Item color="red" onClick={() => set({ tiles: tiles.filter((other) => other.id !== tile.id) })}>{t('tile.remove')}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
    )
    if (tile.kind === 'text') return <TileFrame title={tile.title} kind="text" handle={handle} menu={menu}><div className="tile-text" tabIndex={0}><Markdown text={tile.text ?? ''} level={tile.title ? 3 : 2} /></div></TileFrame>
    if (!isStored(tile)) return <DraftTile dashboard={draft} tile={tile} handle={handle} menu={menu} />
    return <QueryTile dashboard={base} tile={tile} state={states.get(tile.id)} values={values} onValues={() => undefined} onRefresh={() => refresh([tile.id])} mayAsk={false} handle={handle} menu={menu} still />
  }
  const chartOf = (tile: Tile) => {
    const found = queries.getQueriesData<TileRows>({ queryKey: ['tile-rows', base.id, tile.id] }).map(([, rows]) => rows).findLast((rows) => rows?.chart)
    return found?.chart
  }
  return (
    <Stack gap="sm" className="dashboard">
      <Group justify="space-between" gap="xs" className="edit-bar">
        <Title order={1} size="h3" className="wrap">{draft.name || '…'}</Title>
        <Group gap={6}>
          {changed && <Text size="sm" c="dimmed" role="status">{t('unsaved')}</Text>}
          <Menu position="bottom-end">
            <Menu.Target><Button variant="default" size="sm">{t('add.label')}</Button></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item onClick={() => add({ id: crypto.randomUUID?.() ?? fallbackId(), kind: 'text', text: t('add.newText'), w: 6, h: 4 })}>{t('add.text')}</Menu.Item>
              <Menu.Item onClick={() => setOpened('saved')}>{t('add.saved')}</Menu.Item>
              <Menu.Item onClick={() => setOpened('propose')}>{t('add.about')}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
          <Button variant="default" size="sm" onClick={() => setOpened('filters')}>{t('filters.edit')}</Button>
          <Button size="sm" disabled={!draft.name.trim()} loading={save.isPending} onClick={() => (changed ? save.mutate() : onLeave())}>{t('save')}</Button>
          <Button variant="default" size="sm" onClick={onLeave}>{changed ? t('discard') : t('cancel', { ns: 'parts' })}</Button>
        </Group>
      </Group>
      {conflict ? (
        <Alert color="yellow" role="alert">
          <Text size="sm">{save.error?.message}</Text>
          <Group gap="xs" mt="xs">
            <Button size="xs" variant="default" loading={reload.isPending} onClick={() => reload.mutate()}>{t('conflict.load')}</Button>
            <Button size="xs" variant="default" loading={copy.isPending} onClick={() => copy.mutate()}>{t('conflict.copy')}</Button>
          </Group>
        </Alert>
      ) : <ErrorNote error={save.error} />}
      <ErrorNote error={copy.error ?? reload.error ?? takeOver.error} />
      <Group align="start" gap="sm" className="edit-fields">
        <TextInput label={t('name')} value={draft.name} maxLength={200} onChange={(e) => set({ name: e.target.value })} />
        <Textarea label={t('description')} value={draft.description ?? ''} maxLength={2000} autosize minRows={1} maxRows={4} onChange={(e) => set({ description: e.target.value || undefined })} />
        <NativeSelect label={t('auto.label')} value={String(draft.refresh_seconds ?? 0)} onChange={(e) => set({ refresh_seconds: Number(e.currentTarget.value) || undefined })}
          data={[...new Set([...Object.keys(AUTO), String(draft.refresh_seconds ?? 0)])].map((value) => ({ value, label: value in AUTO ? t(`auto.${AUTO[Number(value) as keyof typeof AUTO]}`) : `${value} s` }))} />
      </Group>
      {phone ? (
        <Stack gap="sm">
          <Text size="sm" c="dimmed">{t('move.phone')}</Text>
          {stacked(tiles).map((tile, at, all) => (
            <div key={tile.id} className="tile-stacked" data-kind={tile.kind}>{shown(tile, (
              <Group gap={0} wrap="nowrap">
                <ActionIcon variant="subtle" color="gray" disabled={at === 0} aria-label={`${t('move.earlier')}: ${tile.title || t('tile.untitled')}`} onClick={() => set({ tiles: restack(tiles, tile.id, -1) })}><IconArrowUp size={16} /></ActionIcon>
                <ActionIcon variant="subtle" color="gray" disabled={at === all.length - 1} aria-label={`${t('move.later')}: ${tile.title || t('tile.untitled')}`} onClick={() => set({ tiles: restack(tiles, tile.id, 1) })}><IconArrowDown size={16} /></ActionIcon>
              </Group>
            ))}</div>
          ))}
        </Stack>
      ) : <Suspense fallback={<Skeleton h={300} />}><EditGrid tiles={tiles} onChange={(next) => set({ tiles: next })}>{shown}</EditGrid></Suspense>}
      {edited && <TileEditor tile={edited} chart={chartOf(edited)} onClose={() => setEdited(null)} onDone={(tile) => { set({ tiles: tiles.map((other) => (other.id === tile.id ? { ...tile, x: other.x, y: other.y, w: other.w, h: other.h } : other)) }); setEdited(null) }} />}
      {opened === 'filters' && <FilterEditor dashboard={draft} states={states} values={values} onClose={() => setOpened(null)} onDone={(filters, next) => { set({ filters, tiles: next }); setOpened(null) }} />}
      {opened === 'saved' && <SavedQueryPicker onClose={() => setOpened(null)} onPick={(tile) => { add({ ...tile, id: crypto.randomUUID?.() ?? fallbackId(), w: 6, h: 7 }); setOpened(null) }} />}
      {opened === 'propose' && <ProposeDialog adding onClose={() => setOpened(null)} onTiles={async (_, more) => { for (const tile of more) add(tile); setOpened(null) }} />}
    </Stack>
  )
}

/** crypto.randomUUID is missing on plain-HTTP addresses other than localhost. */
function fallbackId(): string {
  const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`
}

function DraftTile({ dashboard, tile, handle, menu }: { dashboard: Dashboard; tile: Tile; handle: ReactNode; menu: ReactNode }) {
  const { state, rows, waiting, failure } = usePreview((dashboard.filters ?? []).filter((f) => f.name), tile)
  return (
    <TileFrame title={tile.title} kind="query" status={state?.status} ranAt={state?.ran_at} handle={handle} menu={menu}>
      <TileBody title={tile.title ?? ''} rows={rows} chart={rows?.chart} waiting={waiting} failure={failure} ranAt={state?.ran_at} />
    </TileFrame>
  )
}
