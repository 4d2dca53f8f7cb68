import { Box, Text, useComputedColorScheme } from '@mantine/core'
import { BarChart, HeatmapChart, LineChart, PieChart, ScatterChart } from 'echarts/charts'
import { AriaComponent, GridComponent, LegendComponent, TitleComponent, TooltipComponent, VisualMapComponent } from 'echarts/components'
import { init, use as register } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { useEffect, useMemo, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { Chart, Result } from '../api/types'
import { chartOption } from './chartOption'
import { formatter } from '../parts/format'

register([
  BarChart, HeatmapChart, LineChart, PieChart, ScatterChart,
  AriaComponent, GridComponent, LegendComponent, TitleComponent, TooltipComponent, VisualMapComponent, SVGRenderer,
])

/** Draws a chart from its specification; nothing where the specification does not fit the rows. */
export default function ChartView({ chart, result }: { chart: Chart; result: Result }) {
  if (chart.type === 'single_value') return <SingleValue chart={chart} result={result} />
  return <Drawing chart={chart} result={result} />
}

function SingleValue({ chart, result }: { chart: Chart; result: Result }) {
  const i = Math.max(0, result.columns.findIndex((c) => c.name === chart.y?.[0]))
  const column = result.columns[i]
  const cell = result.rows[0]?.[i]
  if (!column || cell === undefined) return null
  return (
    <Box data-testid="chart">
      <Text fz={40} fw={700} lh={1.1}>{formatter(column, [cell])(cell)}</Text>
      <Text size="sm" c="dimmed">{column.name}</Text>
    </Box>
  )
}

function Drawing({ chart, result }: { chart: Chart; result: Result }) {
  const { t } = useTranslation('answer')
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

  if (!option) return null
  const height = chart.horizontal ? Math.min(520, 70 + result.rows.length * 28) : 300
  return <Box ref={box} h={height} role="img" aria-label={chart.title || t('chart.label')} data-testid="chart" />
}
