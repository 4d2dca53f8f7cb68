import { ActionIcon, Button, Fieldset, Group, Modal, NativeSelect, SimpleGrid, Stack, TagsInput, Text, TextInput } from '@mantine/core'
import { IconTrash } from '@tabler/icons-react'
import { useQueries } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Dashboard, type DashboardFilter, type Tile, type TileLink, tileRowsQuery, type TileState, type Values } from '../api/dashboards'
import { FilterField } from './FilterBar'

const NAME = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/
const TYPES = ['text', 'number', 'date', 'timestamp', 'boolean', 'list'] as const
const HOWS = ['equals', 'at_least', 'at_most', 'sets'] as const

interface Props {
  dashboard: Dashboard
  states: Map<string, TileState>
  values: Values
  onDone: (filters: DashboardFilter[], tiles: Tile[]) => void
  onClose: () => void
}

/** Which values the tiles share, and what each does to each tile. */
export function FilterEditor({ dashboard, states, values, onDone, onClose }: Props) {
  const { t } = useTranslation('dashboards')
  const [filters, setFilters] = useState(dashboard.filters ?? [])
  const [tiles, setTiles] = useState(dashboard.tiles as Tile[])
  const queried = tiles.filter((tile) => tile.kind === 'query')
  // The columns that results have.
  const results = useQueries({ queries: queried.map((tile) => ({
    ...tileRowsQuery(dashboard.id, tile.id, values, `${dashboard.version} ${states.get(tile.id)?.ran_at ?? ''}`, 1), enabled: !!states.get(tile.id)?.ran_at,
  })) })
  const columnsOf = (id: string) => results[queried.findIndex((q) => q.id === id)]?.data?.columns.map((c) => c.name) ?? []
  const change = (at: number, part: Partial<DashboardFilter>) => {
    const was = filters[at]
    setFilters(filters.map((f, i) => (i === at ? { ...f, ...part } : f)))
    if (was && part.name !== undefined) setTiles(tiles.map((tile) => ({ ...tile, links: tile.links?.map((l) => (l.filter === was.name ? { ...l, filter: part.name ?? '' } : l)) })))
  }
  const link = (tile: Tile, filter: string, part: Partial<TileLink> | null) => setTiles(tiles.map((other) => {
    if (other.id !== tile.id) return other
    const rest = (other.links ?? []).filter((l) => l.filter !== filter)
    const had = other.links?.find((l) => l.filter === filter)
    return { ...other, links: part ? [...rest, { filter, column: '', how: 'equals', ...had, ...part }] : rest }
  }))
  const remove = (at: number) => {
    const name = filters[at]?.name
    setFilters(filters.filter((_, i) => i !== at))
    setTiles(tiles.map((tile) => ({ ...tile, links: tile.links?.filter((l) => l.filter !== name) })))
  }
  const wrong = filters.some((f, i) => !NAME.test(f.name) || filters.findIndex((o) => o.name === f.name) !== i)
  return (
    <Modal opened onClose={onClose} title={t('filters.title')} size="xl" closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      <Stack>
        {!filters.length && <Text size="sm" c="dimmed">{t('filters.none')}</Text>}
        {filters.map((f, at) => (
          <Fieldset key={at} legend={f.label || f.name || t('filters.add')} p="sm">
            <Stack gap="xs">
              <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs">
                <TextInput label={t('filters.name')} value={f.name} onChange={(e) => change(at, { name: e.target.value })} inputWrapperOrder={['label', 'input', 'description', 'error']} description={t('filters.nameHelp', { example: '{{name}}' })} error={!NAME.test(f.name) && t('filters.invalid')} />
                <TextInput label={t('filters.shown')} value={f.label ?? ''} onChange={(e) => change(at, { label: e.target.value || undefined })} />
                <NativeSelect label={t('filters.type')} value={f.type} onChange={(e) => change(at, { type: e.currentTarget.value as DashboardFilter['type'], default: undefined })} data={TYPES.map((value) => ({ value, label: t(`filters.types.${value}`) }))} />
                <FilterField key={f.type} filter={{ ...f, choices: undefined }} label={t('filters.default')} value={f.default ?? null} onChange={(value) => change(at, { default: value ?? undefined })} />
              </SimpleGrid>
              {(f.type === 'text' || f.type === 'list') && <TagsInput label={t('filters.choices')} value={f.choices ?? []} onChange={(choices) => change(at, { choices: choices.length ? choices : undefined })} placeholder={f.choices?.length ? undefined : t('filters.choicesHelp')} acceptValueOnBlur />}
              <Text size="sm" fw={600} mt={4}>{t('filters.tiles')}</Text>
              {queried.map((tile) => <TileFilter key={tile.id} tile={tile} filter={f} columns={columnsOf(tile.id)} onLink={(part) => link(tile, f.name, part)} />)}
              <Group justify="end"><ActionIcon variant="subtle" color="red" aria-label={t('filters.remove', { name: f.name })} title={t('filters.remove', { name: f.name })} onClick={() => remove(at)}><IconTrash size={18} /></ActionIcon></Group>
            </Stack>
          </Fieldset>
        ))}
        <Text size="xs" c="dimmed">{t('filters.saveFirst')}</Text>
        <Group>
          <Button disabled={wrong} onClick={() => onDone(filters, tiles.map((tile) => ({ ...tile, links: tile.links?.filter((l) => l.column) })))}>{t('filters.apply')}</Button>
          <Button variant="default" onClick={() => setFilters([...filters, { name: '', type: 'text' }])}>{t('filters.add')}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function TileFilter({ tile, filter, columns, onLink }: { tile: Tile; filter: DashboardFilter; columns: string[]; onLink: (part: Partial<TileLink> | null) => void }) {
  const { t } = useTranslation('dashboards')
  const title = tile.title || t('tile.untitled')
  const had = tile.links?.find((l) => l.filter === filter.name)
  if (filter.name && tile.parameters?.some((p) => p.name === filter.name)) {
    return <Group justify="space-between" wrap="nowrap"><Text size="sm" truncate>{title}</Text><Text size="sm" c="dimmed">{t('filters.bound', { name: `{{${filter.name}}}` })}</Text></Group>
  }
  const all = [...new Set([...columns, ...(had ? [had.column] : [])])]
  return (
    <Group gap="xs" wrap="nowrap" className="filter-tile">
      <Text size="sm" truncate style={{ flex: 1 }} title={title}>{title}</Text>
      <NativeSelect size="xs" w={150} aria-label={t('filters.column', { title })} value={had?.column ?? ''} onChange={(e) => onLink(e.currentTarget.value ? { column: e.currentTarget.value } : null)}
        data={[{ value: '', label: t('filters.noColumn') }, ...all]} />
      <NativeSelect size="xs" w={190} aria-label={t('filters.how', { title })} disabled={!had} value={had?.how ?? 'equals'} onChange={(e) => onLink({ how: e.currentTarget.value as TileLink['how'] })}
        data={HOWS.filter((how) => filter.type !== 'list' || how === 'equals' || how === 'sets').map((value) => ({ value, label: t(`filters.hows.${value}`) }))} />
    </Group>
  )
}
