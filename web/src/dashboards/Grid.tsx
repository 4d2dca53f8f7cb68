import { Box } from '@mantine/core'
import type { ReactNode } from 'react'
import { GAP_PX, ROW_PX, type Place } from './layout'

interface Placed extends Place { id: string; order: number; kind: string }

/** Tiles at their places, without anything to move them by; on a narrow screen one below the other. */
export function Grid<T extends Placed>({ tiles, children }: { tiles: T[]; children: (tile: T) => ReactNode }) {
  return (
    <Box className="tiles" style={{ '--tile-row': `${ROW_PX}px`, '--tile-gap': `${GAP_PX}px` }}>
      {tiles.map((t) => (
        <div key={t.id} className="tile-place" data-kind={t.kind} style={{
          '--x': t.x + 1, '--w': t.w, '--y': t.y + 1, '--h': t.h, '--order': t.order,
          '--phone': t.kind === 'text' ? 'auto' : `${(t.h <= 4 ? 3 : Math.min(9, t.h)) * (ROW_PX + GAP_PX)}px`,
        } as React.CSSProperties}>{children(t)}</div>
      ))}
    </Box>
  )
}
