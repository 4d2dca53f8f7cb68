import { ActionIcon } from '@mantine/core'
import { IconArrowsMove } from '@tabler/icons-react'
import { type KeyboardEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { GridLayout, useContainerWidth } from 'react-grid-layout'
import 'react-grid-layout/css/styles.css'
import type { Tile } from '../api/dashboards'
import { COLUMNS, GAP_PX, nudge, type Place, reordered, ROW_PX } from './layout'
import './words'

const STEPS: Record<string, [keyof Place, keyof Place, number]> = {
  ArrowLeft: ['x', 'w', -1], ArrowRight: ['x', 'w', 1], ArrowUp: ['y', 'h', -1], ArrowDown: ['y', 'h', 1],
}

/** Tiles that can be dragged and resized, by the pointer or by keys. */
export default function EditGrid({ tiles, onChange, children }: { tiles: Tile[]; onChange: (tiles: Tile[]) => void; children: (tile: Tile, handle: ReactNode) => ReactNode }) {
  const { t } = useTranslation('dashboards')
  const { width, containerRef, mounted } = useContainerWidth()
  const [said, setSaid] = useState('')
  const name = (tile: Tile) => tile.title || t('tile.untitled')
  const move = (event: KeyboardEvent, tile: Tile) => {
    const step = STEPS[event.key]
    if (!step) return
    event.preventDefault()
    const next = nudge(tiles, tile.id, { [event.shiftKey ? step[1] : step[0]]: step[2] })
    const moved = next.find((n) => n.id === tile.id) ?? tile
    setSaid(t('move.done', { title: name(tile), x: moved.x + 1, y: moved.y + 1, w: moved.w, h: moved.h }))
    onChange(next)
  }
  return (
    <div ref={containerRef} className="tiles-edited">
      <div className="visually-hidden" aria-live="polite">{said}</div>
      {mounted && (
        <GridLayout width={width} layout={tiles.map(({ id, x, y, w, h }) => ({ i: id, x, y, w, h, minW: 2, minH: 2 }))}
          gridConfig={{ cols: COLUMNS, rowHeight: ROW_PX, margin: [GAP_PX, GAP_PX], containerPadding: [0, 0] }}
          dragConfig={{ handle: '.tile-handle' }}
          onLayoutChange={(layout) => {
            const next = tiles.map((tile) => {
              const place = layout.find((l) => l.i === tile.id)
              return place ? { ...tile, x: place.x, y: place.y, w: place.w, h: place.h } : tile
            })
            if (next.some((n, i) => { const was = tiles[i]; return !was || n.x !== was.x || n.y !== was.y || n.w !== was.w || n.h !== was.h })) onChange(reordered(tiles, next))
          }}>
          {tiles.map((tile) => (
            <div key={tile.id}>
              {children(tile, (
                <ActionIcon className="tile-handle" variant="subtle" color="gray" size="sm" aria-label={t('move.label', { title: name(tile) })} title={t('move.help')}
                  onKeyDown={(e) => move(e, tile)}><IconArrowsMove size={16} /></ActionIcon>
              ))}
            </div>
          ))}
        </GridLayout>
      )}
    </div>
  )
}
