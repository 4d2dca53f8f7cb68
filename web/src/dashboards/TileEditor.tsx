import { Button, Group, Modal, NativeSelect, Skeleton, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Tile } from '../api/dashboards'
import type { Chart } from '../api/types'
import { Markdown } from '../parts/Markdown'
import { lazyPart } from '../parts/lazyPage'
import '../answer/words'

const SqlEditor = lazyPart(() => import('../parts/SqlEditor'))

/** Changes a tile: its title, its text, its SQL and how it shows its rows. chart is what suits the rows that it has. */
export function TileEditor({ tile, chart, onDone, onClose }: { tile: Tile; chart?: Chart; onDone: (tile: Tile) => void; onClose: () => void }) {
  const { t } = useTranslation('dashboards')
  const [draft, setDraft] = useState(tile)
  const charts = [chart, ...(chart?.alternatives ?? []), tile.chart].filter((c) => c !== undefined).filter((c, i, all) => all.findIndex((o) => o?.type === c.type) === i)
  const view = draft.view === 'table' ? 'table' : draft.view === 'chart' && draft.chart ? draft.chart.type : 'auto'
  const show = (value: string) => {
    const spec = charts.find((c) => c.type === value)
    if (!spec) return setDraft({ ...draft, view: value === 'table' ? 'table' : 'auto', chart: undefined })
    // Which row is of a period that is not over, and what else could be drawn, is of the rows and not of the tile.
    setDraft({ ...draft, view: 'chart', chart: { ...spec, alternatives: undefined, partial: undefined } as Tile['chart'] })
  }
  return (
    <Modal opened onClose={onClose} title={t('editTile.title')} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      <Stack>
        <TextInput data-autofocus label={t('editTile.tileTitle')} maxLength={200} value={draft.title ?? ''} onChange={(e) => setDraft({ ...draft, title: e.target.value })} />
        {tile.kind === 'text' ? (
          <>
            <Textarea label={t('editTile.text')} autosize minRows={5} maxRows={16} maxLength={20_000} value={draft.text ?? ''} onChange={(e) => setDraft({ ...draft, text: e.target.value })} />
            <Text size="sm" fw={600}>{t('editTile.preview')}</Text>
            <Markdown text={draft.text ?? ''} />
          </>
        ) : (
          <>
            <NativeSelect label={t('editTile.view')} value={view} onChange={(e) => show(e.currentTarget.value)}
              data={[{ value: 'auto', label: t('editTile.auto') }, ...charts.map((c) => ({ value: c.type, label: t(`chart.types.${c.type}`, { ns: 'answer' }) })), { value: 'table', label: t('editTile.table') }]} />
            <div>
              <Text size="sm" fw={500} mb={4}>{t('editTile.sql')}</Text>
              <Suspense fallback={<Skeleton h={120} />}><SqlEditor label={t('editTile.sql')} value={draft.sql ?? ''} onChange={(sql) => setDraft((d) => ({ ...d, sql }))} /></Suspense>
            </div>
          </>
        )}
        <Group>
          <Button disabled={tile.kind === 'text' ? !draft.text?.trim() : !draft.sql?.trim()} onClick={() => onDone(draft)}>{t('editTile.apply')}</Button>
          <Button variant="default" onClick={onClose}>{t('cancel', { ns: 'parts' })}</Button>
        </Group>
      </Stack>
    </Modal>
  )
}
