import { expect, it } from 'vitest'
import type { Relation, RelationNode } from '../api/types'
import { type Box, HEIGHT, layout } from './layout'

const node = (name: string, schema = 'public'): RelationNode => ({ schema, name, kind: 'table', rows: 1, columns: 3, comment: '' })
const edge = (from: string, to: string): Relation =>
  ({ from_schema: 'public', from_table: from, from_columns: ['x_id'], to_schema: 'public', to_table: to, to_columns: ['id'], inferred: false })

/** A structure such as there are: a few hubs, chains, some tables alone. */
function structure(n: number) {
  const nodes = Array.from({ length: n }, (_, i) => node(`some_table_with_name_${i}`))
  const edges = nodes.slice(0, Math.floor(n * 0.9)).flatMap((t, i) => (i ? [edge(t.name, nodes[Math.floor(i / 7)]?.name ?? ''), ...(i % 5 ? [] : [edge(t.name, nodes[i % 3]?.name ?? '')])] : []))
  return { nodes, edges }
}

const covers = (a: Box, b: Box) => Math.abs(a.x - b.x) < (a.width + b.width) / 2 && Math.abs(a.y - b.y) < HEIGHT

for (const n of [2, 30, 300]) {
  it(`covers no table by another (${n})`, () => {
    const { nodes, edges } = structure(n)
    const { boxes, lines } = layout(nodes, edges)
    expect(boxes).toHaveLength(n)
    expect(lines).toHaveLength(edges.length)
    const covered = boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => covers(a, b)).map((b) => `${a.name} ${b.name}`))
    expect(covered).toEqual([])
    expect(boxes.every((b) => Number.isFinite(b.x) && Number.isFinite(b.y))).toBe(true)
    expect(layout(nodes, edges), 'the same again').toEqual({ boxes, lines })
  })
}

it('draws tables that no key joins, keys to oneself, and none to what is not there', () => {
  const { boxes, lines } = layout([node('a'), node('b')], [edge('a', 'a'), edge('a', 'elsewhere')])
  expect(lines.map((l) => l.title)).toEqual(['a (x_id) → a (id)'])
  expect(boxes.slice(1).some((b) => boxes[0] && covers(b, boxes[0]))).toBe(false)
  expect(layout([], [])).toEqual({ boxes: [], lines: [] })
  expect(layout([node('a'), node('a', 'other')], []).boxes.map((b) => b.name)).toEqual(['public.a', 'other.a'])
})
