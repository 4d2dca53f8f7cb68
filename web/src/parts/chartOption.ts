import type { EChartsCoreOption } from 'echarts/core'
import type { Cell, Chart, Result } from '../api/types'
import { formatCell } from './format'

/** Okabe and Ito's palette, told apart by colour-blind readers too. */
const PALETTE = ['#009E73', '#0072B2', '#E69F00', '#CC79A7', '#56B4E9', '#D55E00', '#F0E442', '#999999']

const num = (cell: Cell | undefined) => (cell === null || cell === undefined || cell === '' ? null : Number(cell))

/** Turns a typed chart specification and its rows into an ECharts option; null where it does not fit. */
export function chartOption(chart: Chart, result: Result): EChartsCoreOption | null {
  const index = (name?: string) => result.columns.findIndex((c) => c.name === name)
  const x = index(chart.x)
  const ys = (chart.y ?? []).map(index).filter((i) => i >= 0)
  if (x < 0 || ys.length === 0) return null
  const xColumn = result.columns[x]
  if (!xColumn) return null
  const label = (row: Cell[]) => formatCell(row[x] ?? null, xColumn)
  const base = {
    color: PALETTE, animation: false, aria: { enabled: true },
    tooltip: { trigger: chart.type === 'pie' || chart.type === 'scatter' ? 'item' : 'axis', renderMode: 'richText' },
    grid: { left: 8, right: 16, top: 32, bottom: 8, containLabel: true },
  }
  if (chart.type === 'pie') {
    return { ...base, series: [{ type: 'pie', radius: ['40%', '70%'], data: result.rows.map((r) => ({ name: label(r), value: num(r[ys[0] ?? 0]) })) }] }
  }
  if (chart.type === 'scatter') {
    return {
      ...base, xAxis: { type: 'value', name: chart.x, scale: true }, yAxis: { type: 'value', name: chart.y?.[0], scale: true },
      series: [{ type: 'scatter', data: result.rows.map((r) => [num(r[x]), num(r[ys[0] ?? 0])]) }],
    }
  }
  const categories = [...new Set(result.rows.map(label))]
  const split = index(chart.series)
  const names = split >= 0 ? [...new Set(result.rows.map((r) => String(r[split])))] : ys.map((y) => result.columns[y]?.name ?? '')
  const type = chart.type === 'line' || chart.type === 'area' ? 'line' : 'bar'
  const series = names.map((name, n) => {
    const cells = new Map(result.rows.filter((r) => split < 0 || String(r[split]) === name).map((r) => [label(r), num(r[split >= 0 ? (ys[0] ?? 0) : (ys[n] ?? 0)])]))
    return {
      name, type, data: categories.map((c) => cells.get(c) ?? null),
      stack: chart.type === 'stacked_bar' ? 'all' : undefined, areaStyle: chart.type === 'area' ? {} : undefined, showSymbol: categories.length < 40,
    }
  })
  const category = { type: 'category', data: categories, inverse: chart.horizontal, axisLabel: { hideOverlap: true, width: 160, overflow: 'truncate' } }
  const value = { type: 'value' }
  return {
    ...base, legend: names.length > 1 ? { type: 'scroll', top: 0 } : undefined,
    xAxis: chart.horizontal ? value : category, yAxis: chart.horizontal ? category : value, series,
  }
}
