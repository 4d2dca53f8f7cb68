import type { Cell, Chart, Result } from '../api/types'
import { formatter } from '../parts/format'

/** The part of ECharts' click event that is looked at. */
export interface Clicked { name?: string; data?: unknown; dataIndex?: number }

/** The cell of the X column that was clicked on; undefined where that cannot be told. */
export function pickedCell(chart: Chart, { columns, rows }: Result, at: Clicked): Cell | undefined {
  const x = columns.findIndex((c) => c.name === chart.x)
  const column = columns[x]
  if (!column || chart.type === 'map' || chart.type === 'scatter') return undefined
  const show = formatter(column, rows.map((r) => r[x] ?? null))
  if (chart.type === 'heatmap') {
    const place = Array.isArray(at.data) ? Number(at.data[0]) : -1
    const label = [...new Set(rows.map((r) => show(r[x] ?? null)))][place]
    return rows.find((r) => show(r[x] ?? null) === label)?.[x]
  }
  if (Array.isArray(at.data)) return rows.find((r) => r[x] === (at.data as unknown[])[0])?.[x]
  return rows.find((r) => show(r[x] ?? null) === at.name)?.[x]
}
