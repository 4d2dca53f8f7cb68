import { expect, it } from 'vitest'
import type { Cell, Chart, Result } from '../api/types'
import { chartOption } from './chartOption'

interface Option {
  xAxis: { type: string; data?: string[] }
  yAxis: { type: string }
  series: { type: string; name?: string; data: unknown[] }[]
  legend?: object
  tooltip: { renderMode: string }
}

const result = (columns: [string, string][], rows: Cell[][]): Result => ({
  columns: columns.map(([name, type]) => ({ name, type })), rows, row_count: rows.length, offset: 0, truncated: false,
})
const draw = (chart: Chart, r: Result) => chartOption(chart, r) as unknown as Option
const byChannel = result([['channel', 'text'], ['orders', 'integer']], [['web', 5], ['shop', 3]])

it('draws bars of categories, lying where the names are long', () => {
  const option = draw({ type: 'bar', x: 'channel', y: ['orders'] }, byChannel)
  expect(option.xAxis).toMatchObject({ type: 'category', data: ['web', 'shop'] })
  expect(option.series).toMatchObject([{ type: 'bar', name: 'orders', data: [5, 3] }])
  expect(draw({ type: 'bar', x: 'channel', y: ['orders'], horizontal: true }, byChannel).yAxis.type).toBe('category')
})

it('draws time on a time axis, so that a gap is seen', () => {
  const months = result([['month', 'date'], ['n', 'integer']], [['2026-01-01', 1], ['2026-04-01', 2]])
  const option = draw({ type: 'line', x: 'month', y: ['n'], x_type: 'time' }, months)
  expect(option.xAxis.type).toBe('time')
  expect(option.series[0]?.data).toEqual([['2026-01-01', 1], ['2026-04-01', 2]])
})

it('splits into series, with null where one has no row', () => {
  const rows = result([['month', 'text'], ['channel', 'text'], ['n', 'integer']], [['Jan', 'web', 1], ['Jan', 'shop', 2], ['Feb', 'web', 3]])
  const option = draw({ type: 'grouped_bar', x: 'month', series: 'channel', y: ['n'] }, rows)
  expect(option.series.map((s) => [s.name, s.data])).toEqual([['web', [1, 3]], ['shop', [2, null]]])
  expect(option.legend).toBeDefined()
})

it('draws pies, points and heat maps', () => {
  expect(draw({ type: 'pie', x: 'channel', y: ['orders'] }, byChannel).series[0]?.data).toEqual([{ name: 'web', value: 5 }, { name: 'shop', value: 3 }])
  const points = result([['a', 'number'], ['b', 'number']], [[1, 2], [null, 3]])
  expect(draw({ type: 'scatter', x: 'a', y: ['b'] }, points).series[0]?.data).toEqual([[1, 2], [null, 3]])
  const cells = result([['day', 'text'], ['hour', 'text'], ['n', 'integer']], [['Mon', '8', 1], ['Tue', '9', 4]])
  expect(draw({ type: 'heatmap', x: 'day', series: 'hour', y: ['n'] }, cells).series[0]?.data).toEqual([[0, 0, 1], [1, 1, 4]])
})

it('never lets a tooltip read names as HTML', () => {
  for (const type of ['bar', 'line', 'pie', 'scatter', 'heatmap'] as const) {
    expect(draw({ type, x: 'channel', y: ['orders'], series: 'channel' }, byChannel).tooltip.renderMode).toBe('richText')
  }
})

it('draws nothing where the specification does not fit the rows', () => {
  expect(chartOption({ type: 'bar', x: 'gone', y: ['orders'] }, byChannel)).toBeNull()
  expect(chartOption({ type: 'bar', x: 'channel', y: ['gone'] }, byChannel)).toBeNull()
  expect(chartOption({ type: 'bar', x: 'channel' }, byChannel)).toBeNull()
})

it('joins a period that is not over by a dashed line, and pales its bar', () => {
  const rows = { columns: [{ name: 'month', type: 'date' }, { name: 'total', type: 'number' }], rows: [['2026-01-01', 5], ['2026-02-01', 7], ['2026-03-01', 2]], row_count: 3, offset: 0, truncated: false }
  const chart = { type: 'line' as const, x: 'month', y: ['total'], x_type: 'time' as const, partial: 2 }
  const line = chartOption(chart, rows) as unknown as { series: { data: unknown[]; lineStyle: { type?: string } }[] }
  expect(line.series.map((s) => s.data)).toEqual([[['2026-01-01', 5], ['2026-02-01', 7], ['2026-03-01', null]], [['2026-01-01', null], ['2026-02-01', 7], ['2026-03-01', 2]]])
  expect(line.series[1]?.lineStyle.type).toBe('dashed')
  const bars = chartOption({ ...chart, type: 'bar' }, rows) as unknown as { series: { data: unknown[] }[] }
  expect(bars.series).toHaveLength(1)
  expect(bars.series[0]?.data[2]).toMatchObject({ value: 2, itemStyle: { opacity: 0.45 } })
})
