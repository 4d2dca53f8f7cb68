import type { Tile } from '../api/dashboards'

export const COLUMNS = 12
export const ROW_PX = 40
export const GAP_PX = 12

/** A place on the grid. */
export interface Place { x: number; y: number; w: number; h: number }

const before = (a: Place, b: Place) => a.y - b.y || a.x - b.x
const collide = (a: Place, b: Place) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h

/** Lets each tile rise as far as those above it leave room; what moved keeps its place before others. */
export function compact<T extends Place & { id: string }>(tiles: T[], moved?: string): T[] {
  const done: T[] = []
  for (const tile of [...tiles].sort((a, b) => before(a, b) || Number(b.id === moved) - Number(a.id === moved))) {
    const placed = { ...tile }
    while (done.some((d) => collide(d, placed))) placed.y++
    while (placed.y > 0 && !done.some((d) => collide(d, { ...placed, y: placed.y - 1 }))) placed.y--
    done.push(placed)
  }
  return tiles.map((t) => done.find((d) => d.id === t.id) ?? t)
}

/** Moves or resizes a tile by keys; the others make room. */
export function nudge(tiles: Tile[], id: string, by: Partial<Place>): Tile[] {
  const tile = tiles.find((t) => t.id === id)
  if (!tile) return tiles
  const w = Math.min(COLUMNS, Math.max(1, tile.w + (by.w ?? 0)))
  const h = Math.min(40, Math.max(2, tile.h + (by.h ?? 0)))
  let y = Math.max(0, tile.y + (by.y ?? 0))
  if (by.y) { // past the next tile in that direction, or it would only fall back
    const x = tile.x
    const inWay = tiles.filter((t) => t.id !== id && t.x < x + w && x < t.x + t.w)
    if (by.y < 0) y = Math.max(0, ...inWay.filter((t) => t.y + t.h <= tile.y && t.y < tile.y).map((t) => t.y))
    else {
      const ends = inWay.filter((t) => t.y >= tile.y + tile.h).map((t) => t.y + t.h - tile.h + 1)
      y = ends.length ? Math.min(...ends) : tile.y
    }
  }
  const next = { ...tile, w, h, x: Math.min(COLUMNS - w, Math.max(0, tile.x + (by.x ?? 0))), y }
  return reordered(tiles, compact(tiles.map((t) => (t.id === id ? next : t)), by.y && by.y > 0 ? undefined : id))
}

/** The stack of a narrow screen, from the top. */
export const stacked = <T extends Place & { order: number }>(tiles: T[]): T[] => [...tiles].sort((a, b) => a.order - b.order || before(a, b))

const natural = (tiles: Tile[]) => stacked(tiles).every((t, i, all) => before(all[Math.max(0, i - 1)] ?? t, t) <= 0)

/** The stack follows the grid, as long as nobody has given it an order of its own. */
export function reordered(was: Tile[], tiles: Tile[]): Tile[] {
  if (!natural(was)) return tiles
  const order = [...tiles].sort(before).map((t) => t.id)
  return tiles.map((t) => ({ ...t, order: order.indexOf(t.id) }))
}

/** Moves a tile in the stack. */
export function restack(tiles: Tile[], id: string, by: 1 | -1): Tile[] {
  const order = stacked(tiles).map((t) => t.id)
  const at = order.indexOf(id)
  const to = at + by
  if (at < 0 || to < 0 || to >= order.length) return tiles
  order.splice(at, 1)
  order.splice(to, 0, id)
  return tiles.map((t) => ({ ...t, order: order.indexOf(t.id) }))
}

/** A new tile below the others. */
export function below(tiles: Tile[], size: { w: number; h: number }): Place & { order: number } {
  return { x: 0, y: Math.max(0, ...tiles.map((t) => t.y + t.h)), ...size, order: Math.max(-1, ...tiles.map((t) => t.order)) + 1 }
}
