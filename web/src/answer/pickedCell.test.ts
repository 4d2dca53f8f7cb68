import { expect, it } from 'vitest'
import type { Chart, Result } from '../api/types'
import { pickedCell } from './pickedCell'

const result: Result = {
  columns: [{ name: 'month', type: 'date' }, { name: 'shop', type: 'text' }, { name: 'n', type: 'integer' }],
  rows: [['2026-01-01', '<b>x</b>', 1], ['2026-02-01', 'y', 2], ['2026-02-01', null, 3]], offset: 0, row_count: 3, truncated: false,
}
const chart = (part: Partial<Chart>): Chart => ({ type: 'bar', x: 'shop', y: ['n'], ...part })

it('finds the cell behind what was clicked on', () => {
  expect(pickedCell(chart({}), result, { name: '<b>x</b>' })).toBe('<b>x</b>')
  expect(pickedCell(chart({}), result, { name: 'null' })).toBe(null)
  expect(pickedCell(chart({ type: 'line', x: 'month' }), result, { data: ['2026-02-01', 2] })).toBe('2026-02-01')
  expect(pickedCell(chart({ x: 'month' }), result, { name: 'Feb 2026' })).toBe('2026-02-01')
  expect(pickedCell(chart({ type: 'heatmap' }), result, { data: [1, 0, 2] })).toBe('y')
  expect(pickedCell(chart({ type: 'scatter' }), result, { name: 'y' })).toBeUndefined()
  expect(pickedCell(chart({ x: 'gone' }), result, { name: 'y' })).toBeUndefined()
})
