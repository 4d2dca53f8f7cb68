import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type SimulationNodeDatum } from 'd3-force'
import type { Relation, RelationNode } from '../api/types'

/** A table of the picture: its middle and its width. */
export interface Box {
  id: string
  schema: string
  name: string
  kind: RelationNode['kind']
  x: number
  y: number
  width: number
  degree: number
}

/** A key of the picture, between two boxes. */
export interface Line { id: string; from: string; to: string; title: string; inferred: boolean }

export interface Picture { boxes: Box[]; lines: Line[] }

export const HEIGHT = 30
const CHARACTER = 7.4
const PADDING = 24
const FLAT = 2.2 // boxes are wide: places are found in a plane that is squeezed by this, where they are nearly round
const TICKS = 250
const GAP = 16

export const idOf = (schema: string, name: string) => JSON.stringify([schema, name])

/**
 * Places tables so that those which keys join are near each other and none covers another; the same structure always
 * gives the same picture. Tables without keys stand below, in rows.
 */
export function layout(nodes: RelationNode[], edges: Relation[]): Picture {
  const schemas = new Set(nodes.map((n) => n.schema))
  const boxes = new Map(nodes.map((n): [string, Box] => {
    const name = schemas.size > 1 ? `${n.schema}.${n.name}` : n.name
    return [idOf(n.schema, n.name), { id: idOf(n.schema, n.name), schema: n.schema, name, kind: n.kind, x: 0, y: 0, width: Math.max(60, name.length * CHARACTER + PADDING), degree: 0 }]
  }))
  const lines = edges.flatMap((e, i): Line[] => {
    const from = boxes.get(idOf(e.from_schema, e.from_table))
    const to = boxes.get(idOf(e.to_schema, e.to_table))
    if (!from || !to) return []
    if (from !== to) { from.degree++; to.degree++ }
    return [{ id: String(i), from: from.id, to: to.id, inferred: e.inferred, title: `${from.name} (${e.from_columns.join(', ')}) → ${to.name} (${e.to_columns.join(', ')})` }]
  })
  const joined = [...boxes.values()].filter((b) => b.degree > 0)
  place(joined, lines)
  rows([...boxes.values()].filter((b) => b.degree === 0), joined)
  return { boxes: [...boxes.values()], lines }
}

function place(boxes: Box[], lines: Line[]): void {
  const points = boxes.map((box): SimulationNodeDatum & { box: Box } => ({ box }))
  const at = new Map(points.map((p) => [p.box.id, p]))
  const links = lines.filter((l) => l.from !== l.to && at.has(l.from)).map((l) => ({ source: at.get(l.from) ?? l.from, target: at.get(l.to) ?? l.to }))
  forceSimulation(points)
    .force('keys', forceLink(links).distance(60))
    .force('apart', forceManyBody().strength(-260).distanceMax(700))
    .force('covers', forceCollide<(typeof points)[number]>((p) => Math.max(p.box.width / FLAT / 2, HEIGHT / 2) + GAP / 2).iterations(2))
    .force('x', forceX().strength(0.05))
    .force('y', forceY().strength(0.05))
    .stop()
    .tick(TICKS)
  for (const p of points) {
    p.box.x = (p.x ?? 0) * FLAT
    p.box.y = p.y ?? 0
  }
}

/** Rows below what is placed, about as wide. */
function rows(boxes: Box[], above: Box[]): void {
  const left = Math.min(...above.map((b) => b.x - b.width / 2), above.length ? Infinity : 0)
  const right = Math.max(...above.map((b) => b.x + b.width / 2), left + Math.max(600, Math.sqrt(boxes.length) * 260))
  let x = left
  let y = Math.max(...above.map((b) => b.y), -4 * HEIGHT) + 4 * HEIGHT
  for (const box of boxes) {
    if (x > left && x + box.width > right) { x = left; y += HEIGHT + GAP }
    box.x = x + box.width / 2
    box.y = y
    x += box.width + GAP
  }
}
