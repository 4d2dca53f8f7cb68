import { Box, useComputedColorScheme } from '@mantine/core'
import { LineChart } from 'echarts/charts'
import { AriaComponent, GridComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { init, use as register } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { AlertCondition } from '../api/types'
import { locale } from '../i18n'
import { moment } from '../parts/format'
import { PALETTE } from '../parts/palette'
import { amount } from './describe'
import './words'

register([LineChart, AriaComponent, GridComponent, MarkLineComponent, TooltipComponent, SVGRenderer])

export interface Seen { at: string; value: number | null; low?: number; high?: number; breach?: boolean }
interface Props { label: string; condition: AlertCondition; points: Seen[]; /** Times at which it fired. */ marks: string[]; height?: number }

/** Values over time against what they were held against, with the times at which it fired. */
export default function AlertChart({ label, condition, points, marks, height = 240 }: Props) {
  const { t } = useTranslation('alerts')
  const box = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme('light')
  useEffect(() => {
    if (!box.current) return
    const view = init(box.current, scheme === 'dark' ? 'dark' : undefined, { renderer: 'svg' })
    const compact = new Intl.NumberFormat(locale(), { notation: 'compact', maximumSignificantDigits: 3 })
    const red = scheme === 'dark' ? '#ff8787' : '#c92a2a'
    const only = points.length === 1 ? points[0] : undefined // a dot with its value, above nought, instead of an axis around it
    const bound = (key: 'low' | 'high') => ({
      type: 'line', name: t(condition.kind === 'threshold' || condition.kind === 'freshness' ? 'limitLine' : 'bandLine'), symbol: 'none', data: points.map((p) => [p.at, p[key] ?? null]), ...(only && { markLine: { silent: true, symbol: 'none', label: { show: false }, lineStyle: { type: 'dashed', width: 1, color: red, opacity: 0.7 }, data: [{ yAxis: only[key] }] } }),
      lineStyle: { type: 'dashed', width: 1, color: red, opacity: 0.7 }, itemStyle: { color: red },
    })
    const show = (value: unknown) => (typeof value === 'number' ? amount(condition, value) : '–')
    view.setOption({
      backgroundColor: 'transparent', color: PALETTE, animation: false, aria: { enabled: true },
      grid: { left: 8, right: 16, top: 12, bottom: 4, containLabel: true },
      tooltip: { trigger: 'axis', renderMode: 'richText', formatter: (found: unknown) => (found as { seriesName: string; value: [string, number | null] }[]).map((f, i) => `${i ? '' : `${moment(f.value[0])}\n`}${f.seriesName}: ${show(f.value[1])}`).join('\n') },
      xAxis: { type: 'time', axisLabel: { hideOverlap: true } },
      yAxis: { type: 'value', scale: true, ...(only && (only.value ?? -1) >= 0 && { min: 0 }), axisLabel: { formatter: (v: number) => compact.format(v) } },
      series: [
        { type: 'line', name: t('value'), data: points.map((p) => ({ value: [p.at, p.value], ...(p.breach && { itemStyle: { color: red }, symbolSize: 7 }) })), symbol: 'circle', symbolSize: only ? 9 : points.length > 80 ? 3 : 5, label: { show: !!only, position: 'right', formatter: () => show(only?.value), color: 'inherit' }, connectNulls: false, lineStyle: { width: 1.5 },
          markLine: { silent: true, symbol: 'none', label: { show: false }, lineStyle: { color: red, type: 'solid', width: 1, opacity: 0.5 }, data: marks.map((at) => ({ xAxis: at })) } },
        ...(points.some((p) => p.high != null) ? [bound('high')] : []), ...(points.some((p) => p.low != null) ? [bound('low')] : []),
      ],
    })
    const observer = new ResizeObserver(() => view.resize())
    observer.observe(box.current)
    return () => { observer.disconnect(); view.dispose() }
  }, [points, marks, condition, scheme, t])
  return <Box ref={box} h={height} role="img" aria-label={label} data-testid="alert-chart" />
}
