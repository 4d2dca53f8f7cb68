import type { EChartsCoreOption } from 'echarts/core'
import type { Cell, Chart, Result } from '../api/types'
import codes from 'i18n-iso-countries/codes.json'
import { locale } from '../i18n'
import { formatter } from '../parts/format'
import { PALETTE } from '../parts/palette'

/** Lines and clouds with more points than this can be zoomed into. */
const ZOOM_FROM = 40

/** Two fingers, or Ctrl and the wheel, zoom; one finger and the wheel alone still move the page. */
const INSIDE = { type: 'inside', zoomOnMouseWheel: 'ctrl', preventDefaultMouseMove: false }

const SHADES = ['#e8f3ef', '#009E73', '#00402e']

const num = (cell: Cell | undefined) => (cell === null || cell === undefined || cell === '' ? null : Number(cell))

const axisNumber = { formatter: (value: number) => new Intl.NumberFormat(locale(), { notation: 'compact', maximumFractionDigits: 2 }).format(value) }

interface Parts {
  chart: Chart
  rows: Cell[][]
  x: number
  ys: number[]
  split: number
  label: (row: Cell[]) => string
  value: (cell: unknown) => string
  name: (column: number) => string
}

/** Turns a typed chart specification and its rows into an ECharts option; null where it does not fit. */
export function chartOption(chart: Chart, result: Result, labelWidth = 160): EChartsCoreOption | null {
  const { columns, rows } = result
  const index = (name?: string) => columns.findIndex((c) => c.name === name)
  const format = (i: number) => formatter(columns[i] ?? { name: '', type: 'text' }, rows.map((r) => r[i] ?? null))
  const x = index(chart.x)
  const ys = (chart.y ?? []).map(index).filter((i) => i >= 0)
  const first = ys[0]
  if (x < 0 || first === undefined) return null
  const [showX, showY] = [format(x), format(first)]
  const p: Parts = {
    chart, rows, x, ys, split: index(chart.series),
    label: (row) => showX(row[x] ?? null),
    value: (cell) => (cell === null || cell === undefined ? 'null' : showY(cell as Cell)),
    name: (i) => columns[i]?.name ?? '',
  }
  const base = {
    color: PALETTE, animation: false, useUTC: true, aria: { enabled: true },
    grid: { left: 8, right: 24, top: 36, bottom: 8, containLabel: true },
  }
  switch (chart.type) {
    case 'pie': return { ...base, ...pie(p) }
    case 'scatter': return { ...base, ...scatter(p) }
    case 'heatmap': return { ...base, ...heatmap(p) }
    case 'funnel': return { ...base, ...funnel(p) }
    case 'map': return { ...base, ...map(p) }
    default: return { ...base, ...cartesian(p, labelWidth) }
  }
}

// Rich text draws on the chart: names and cells of the data are never read as HTML.
const tooltip = (trigger: 'item' | 'axis', more: object = {}) => ({ tooltip: { trigger, renderMode: 'richText', confine: true, ...more } })

function pie({ rows, ys, label, value }: Parts) {
  const data = rows.map((r) => ({ name: label(r), value: num(r[ys[0] ?? 0]) }))
  return { ...tooltip('item', { valueFormatter: value }), series: [{ type: 'pie', radius: ['40%', '70%'], data }] }
}

function funnel({ rows, ys, label, value }: Parts) {
  const data = rows.map((r) => ({ name: label(r), value: num(r[ys[0] ?? 0]) }))
  return { ...tooltip('item', { valueFormatter: value }), series: [{ type: 'funnel', sort: 'none', left: 24, right: 24, top: 8, bottom: 8, label: { position: 'inside' }, data }] }
}

/** Countries by their ISO 3166 codes; those that the map does not know are left out. */
function map({ rows, x, ys, value }: Parts) {
  const y = ys[0] ?? 0
  const numeric = new Map(codes.flatMap(([two = '', three = '', number = '']) => [[two, number], [three, number]]))
  const name = new Map(rows.map((r) => [numeric.get(String(r[x]).toUpperCase()) ?? '', String(r[x])]))
  const data = rows.map((r) => ({ name: numeric.get(String(r[x]).toUpperCase()) ?? '', value: num(r[y]) })).filter((d) => d.name)
  const values = data.map((d) => d.value ?? 0)
  return {
    ...tooltip('item', { formatter: (at: { name: string; value: number }) => (name.has(at.name) ? `${name.get(at.name) ?? ''}: ${value(at.value)}` : '') }),
    visualMap: { min: Math.min(...values), max: Math.max(...values), left: 8, bottom: 8, itemHeight: 90, calculable: false, inRange: { color: SHADES }, formatter: axisNumber.formatter },
    series: [{ type: 'map', map: 'world', roam: true, data, emphasis: { label: { show: false } }, itemStyle: { areaColor: '#9992' } }],
  }
}

function scatter({ rows, x, ys, name }: Parts) {
  const y = ys[0] ?? 0
  const axis = { type: 'value', scale: true, nameLocation: 'middle', axisLabel: axisNumber }
  return {
    ...tooltip('item'),
    xAxis: { ...axis, name: name(x), nameGap: 28 }, yAxis: { ...axis, name: name(y), nameGap: 48 },
    ...(rows.length > ZOOM_FROM && { dataZoom: [{ ...INSIDE, xAxisIndex: 0 }, { ...INSIDE, yAxisIndex: 0 }] }),
    series: [{ type: 'scatter', data: rows.map((r) => [num(r[x]), num(r[y])]) }],
  }
}

function heatmap({ rows, ys, split, label, value }: Parts) {
  const y = ys[0] ?? 0
  const [across, down] = [[...new Set(rows.map(label))], [...new Set(rows.map((r) => String(r[split])))]]
  const values = rows.map((r) => num(r[y]) ?? 0)
  return {
    ...tooltip('item', { valueFormatter: (v: unknown) => value(Array.isArray(v) ? v[2] : v) }),
    grid: { left: 8, right: 24, top: 8, bottom: 56, containLabel: true },
    xAxis: { type: 'category', data: across }, yAxis: { type: 'category', data: down },
    visualMap: { min: Math.min(...values), max: Math.max(...values), orient: 'horizontal', left: 'center', bottom: 0, itemHeight: 120,
      calculable: false, inRange: { color: SHADES }, formatter: axisNumber.formatter },
    series: [{ type: 'heatmap', data: rows.map((r) => [across.indexOf(label(r)), down.indexOf(String(r[split])), num(r[y])]) }],
  }
}

function cartesian({ chart, rows, x, ys, split, label, value, name }: Parts, labelWidth: number) {
  const line = chart.type === 'line' || chart.type === 'area'
  const times = line && chart.x_type === 'time' && rows.every((r) => typeof r[x] === 'string' && !Number.isNaN(Date.parse(r[x])))
  const categories = times ? [] : [...new Set(rows.map(label))]
  const names = split >= 0 ? [...new Set(rows.map((r) => String(r[split])))] : ys.map(name)
  const series = names.map((series, n) => {
    const y = (split >= 0 ? ys[0] : ys[n]) ?? 0
    const mine = split >= 0 ? rows.filter((r) => String(r[split]) === series) : rows
    const cells = new Map(mine.map((r) => [label(r), num(r[y])]))
    return {
      name: series, type: line ? 'line' : 'bar', barMaxWidth: 48, lineStyle: { width: 2.5 },
      data: times ? mine.map((r) => [r[x], num(r[y])]) : categories.map((c) => cells.get(c) ?? null),
      stack: chart.type === 'stacked_bar' ? 'all' : undefined, areaStyle: chart.type === 'area' ? {} : undefined,
      showSymbol: rows.length < 40,
    }
  })
  const open = chart.partial === undefined || split >= 0 ? -1 : times ? chart.partial : categories.indexOf(label(rows[chart.partial] ?? []))
  const drawn = open < 0 ? series : series.flatMap((s) => (line ? dashed(s, open) : [faded(s, open)]))
  const category = times ? { type: 'time', axisLabel: { hideOverlap: true } }
    : { type: 'category', data: categories, inverse: chart.horizontal, axisLabel: { hideOverlap: true, width: labelWidth, overflow: 'truncate' } }
  const values = { type: 'value', axisLabel: { ...axisNumber, hideOverlap: true } }
  const many = line && rows.length > ZOOM_FROM
  return {
    ...tooltip('axis', { valueFormatter: value }),
    ...(many && { dataZoom: [INSIDE, { type: 'slider', height: 18, bottom: 4, brushSelect: false }], grid: { left: 8, right: 24, top: 36, bottom: 32, containLabel: true } }),
    legend: names.length > 1 ? { type: 'scroll', top: 0 } : undefined,
    title: names.length === 1 ? { text: names[0], left: 8, top: 4, textStyle: { fontSize: 12, fontWeight: 'normal' } } : undefined,
    xAxis: chart.horizontal ? values : category, yAxis: chart.horizontal ? category : values, series: drawn,
  }
}

interface Drawn { data: unknown[] }

/** A period that is not over yet is joined by a dashed line: it is not to be taken for a fall. */
function dashed<S extends Drawn>(series: S, open: number): S[] {
  const joined = series.data.map((d, i) => (Math.abs(i - open) <= 1 && i <= open ? d : blank(d)))
  return [
    { ...series, data: series.data.map((d, i) => (i === open ? blank(d) : d)) },
    { ...series, data: joined, lineStyle: { width: 2, type: 'dashed' }, areaStyle: undefined },
  ]
}

/** Its bar is paler. */
function faded<S extends Drawn>(series: S, open: number): S {
  return { ...series, data: series.data.map((d, i) => (i === open ? { value: d, itemStyle: { opacity: 0.45 } } : d)) }
}

/** A point without a value, at the same place. */
const blank = (point: unknown) => (Array.isArray(point) ? [point[0] as unknown, null] : null)
