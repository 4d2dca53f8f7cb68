import { expect, it } from 'vitest'
import type { Tile } from '../api/dashboards'
import { below, compact, nudge, restack, stacked } from './layout'

const tile = (id: string, x: number, y: number, w = 6, h = 4, order = 0): Tile => ({ id, kind: 'text', text: id, x, y, w, h, order })
const places = (tiles: Tile[]) => Object.fromEntries(tiles.map((t) => [t.id, [t.x, t.y, t.w, t.h]]))
const tiles = [tile('a', 0, 0, 6, 4, 0), tile('b', 6, 0, 6, 4, 1), tile('c', 0, 4, 12, 4, 2)]

it('lets tiles rise, and never lets them overlap', () => {
  expect(places(compact([tile('a', 0, 9), tile('b', 3, 9)]))).toEqual({ a: [0, 0, 6, 4], b: [3, 4, 6, 4] })
})

it('moves and resizes a tile by keys, within the grid', () => {
  expect(places(nudge(tiles, 'a', { x: -1 })).a).toEqual([0, 0, 6, 4])
  expect(places(nudge(tiles, 'a', { x: 1 }))).toEqual({ a: [1, 0, 6, 4], b: [6, 4, 6, 4], c: [0, 8, 12, 4] })
  expect(places(nudge(tiles, 'b', { w: 9 })).b).toEqual([0, 0, 12, 4])
  expect(places(nudge(tiles, 'c', { h: -9 })).c).toEqual([0, 4, 12, 2])
  expect(places(nudge(tiles, 'c', { y: -1 }))).toEqual({ c: [0, 0, 12, 4], a: [0, 4, 6, 4], b: [6, 4, 6, 4] })
  expect(places(nudge(nudge(tiles, 'c', { y: -1 }), 'c', { y: 1 })).c).toEqual([0, 4, 12, 4])
  expect(nudge(tiles, 'gone', { x: 1 })).toBe(tiles)
})

it('stacks in the order of the grid until somebody says otherwise', () => {
  expect(stacked(nudge(tiles, 'c', { y: -1 })).map((t) => t.id)).toEqual(['c', 'a', 'b'])
  const own = restack(tiles, 'c', -1)
  expect(stacked(own).map((t) => t.id)).toEqual(['a', 'c', 'b'])
  expect(stacked(nudge(own, 'b', { h: 1 })).map((t) => t.id)).toEqual(['a', 'c', 'b'])
  expect(restack(tiles, 'a', -1)).toBe(tiles)
  expect(below(tiles, { w: 3, h: 3 })).toEqual({ x: 0, y: 8, w: 3, h: 3, order: 3 })
  expect(below([], { w: 3, h: 3 })).toEqual({ x: 0, y: 0, w: 3, h: 3, order: 0 })
})
