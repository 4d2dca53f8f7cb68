import { Box, useComputedColorScheme } from '@mantine/core'
import { BarChart } from 'echarts/charts'
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components'
import { init, use as register } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { useEffect, useRef } from 'react'
import { locale } from '../i18n'
import { PALETTE } from '../parts/palette'
import type { Series } from './usage'

register([BarChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, SVGRenderer])

/** Tokens by day, stacked. */
export default function UsageChart({ label, days, series }: { label: string; days: string[]; series: Series[] }) {
  const box = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme('light')
  useEffect(() => {
    if (!box.current) return
    const view = init(box.current, scheme === 'dark' ? 'dark' : undefined, { renderer: 'svg' })
    const [short, exact] = [new Intl.NumberFormat(locale(), { notation: 'compact' }), new Intl.NumberFormat(locale())]
    const day = new Intl.DateTimeFormat(locale(), { day: 'numeric', month: 'short', timeZone: 'UTC' })
    view.setOption({
      backgroundColor: 'transparent', color: PALETTE, animation: false, aria: { enabled: true },
      grid: { left: 8, right: 16, top: series.length > 1 ? 40 : 16, bottom: 8, containLabel: true },
      legend: series.length > 1 ? { type: 'scroll', top: 0 } : undefined,
      // Rich text draws on the chart: names are never read as HTML.
      tooltip: { trigger: 'axis', renderMode: 'richText', axisPointer: { type: 'shadow' }, valueFormatter: (value: unknown) => exact.format(Number(value)) },
      xAxis: { type: 'category', data: days.map((d) => day.format(new Date(d))), axisTick: { show: false } },
      yAxis: { type: 'value', minInterval: 1, axisLabel: { formatter: (value: number) => short.format(value) } },
      series: series.map((s) => ({ type: 'bar', stack: 'all', name: s.name, data: s.values, barMaxWidth: 36 })),
    })
    const observer = new ResizeObserver(() => view.resize())
    observer.observe(box.current)
    return () => { observer.disconnect(); view.dispose() }
  }, [days, series, scheme])
  return <Box ref={box} h={280} role="img" aria-label={label} data-testid="chart" />
}
