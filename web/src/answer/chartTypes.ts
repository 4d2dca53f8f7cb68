import type { Chart, Result } from '../api/types'
import { isNumeric } from '../parts/format'

export const CHART_TYPES = ['line', 'area', 'bar', 'stacked_bar', 'grouped_bar', 'pie', 'scatter', 'heatmap', 'funnel', 'map', 'single_value'] as const
export type ChartType = (typeof CHART_TYPES)[number]

/**
 * The types that may stand in for a chart's own without lying. The server knows the rules (alternatives); a chart of
 * an older answer has none, and only forms of the same thing are offered.
 */
export function alternatives(chart: Chart, result: Result): ChartType[] {
  const known = chart.alternatives?.map((other) => other.type)
  const all = [chart.type, ...(known ?? SAME[chart.type] ?? [])]
  const numeric = (chart.y ?? []).every((name) => result.columns.some((c) => c.name === name && isNumeric(c)))
  return numeric ? CHART_TYPES.filter((type) => all.includes(type)) : []
}

const SAME: Record<string, string[]> = { line: ['area', 'bar'], area: ['line', 'bar'], grouped_bar: ['stacked_bar'], stacked_bar: ['grouped_bar'], pie: ['bar'] }
