import { Box, Text, useComputedColorScheme } from '@mantine/core'
import { BarChart, LineChart, PieChart, ScatterChart } from 'echarts/charts'
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { init, use as register } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { useEffect, useMemo, useRef } from 'react'
import type { Chart, Result } from '../api/types'
import { chartOption } from './chartOption'
import { formatCell } from './format'

register([BarChart, LineChart, PieChart, ScatterChart, GridComponent, LegendComponent, TooltipComponent, AriaComponent, SVGRenderer])

/** Draws a chart from its specification. */
export default function ChartView({ chart, result }: { chart: Chart; result: Result }) {
  const box = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme('light')
  const option = useMemo(() => chartOption(chart, result), [chart, result])

  useEffect(() => {
    if (!box.current || !option) return
    const view = init(box.current, scheme === 'dark' ? 'dark' : undefined, { renderer: 'svg' })
    view.setOption({ backgroundColor: 'transparent', ...option })
    const observer = new ResizeObserver(() => view.resize())
    observer.observe(box.current)
    return () => { observer.disconnect(); view.dispose() }
  }, [option, scheme])

  if (chart.type === 'single_value') {
    const i = Math.max(0, result.columns.findIndex((c) => c.name === chart.y?.[0]))
    const column = result.columns[i]
    const cell = result.rows[0]?.[i]
    if (!column || cell === undefined) return null
    return <Box><Text fz={40} fw={700} lh={1.1}>{formatCell(cell, column)}</Text><Text size="sm" c="dimmed">{column.name}</Text></Box>
  }
  if (!option) return null
  return <Box ref={box} h={chart.horizontal ? Math.min(480, 80 + result.rows.length * 28) : 300} role="img" aria-label={chart.title ?? 'Chart of the rows below'} data-testid="chart" />
}
