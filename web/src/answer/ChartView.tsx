import { ActionIcon, Box, Group, Menu, SegmentedControl, Text, useComputedColorScheme } from '@mantine/core'
import { IconDownload } from '@tabler/icons-react'
import { BarChart, FunnelChart, HeatmapChart, LineChart, MapChart, PieChart, ScatterChart } from 'echarts/charts'
import { AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TitleComponent, TooltipComponent, VisualMapComponent } from 'echarts/components'
import { type EChartsType, init, use as register } from 'echarts/core'
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers'
import { type RefObject, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Cell, Chart, Result } from '../api/types'
import { locale } from '../i18n'
import { chartLocale } from '../parts/chartLocale'
import { formatter } from '../parts/format'
import { chartOption } from './chartOption'
import { pickedCell } from './pickedCell'
import { alternatives, type ChartType } from './chartTypes'
import './words'

register([
  BarChart, FunnelChart, HeatmapChart, LineChart, MapChart, PieChart, ScatterChart,
  AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TitleComponent, TooltipComponent, VisualMapComponent, CanvasRenderer, SVGRenderer,
])

/** Pixels for the names of bars where there is little room. */
const NARROW_LABEL = 110

/** What somebody clicked on: a value of a column. */
export type Pick = (column: string, value: Cell) => void

interface Props {
  chart: Chart
  result: Result
  /** As high as what is around it, without other types and downloads: a part of a page of charts. */
  fill?: boolean
  onPick?: Pick
}

/** Draws a chart from its specification, and as another type with one click; nothing where it does not fit the rows. */
export default function ChartView({ chart, result, fill, onPick }: Props) {
  const { t } = useTranslation('answer')
  const types = useMemo(() => alternatives(chart, result), [chart, result])
  const [type, setType] = useState<ChartType>(chart.type)
  const shown = useMemo(() => chart.alternatives?.find((other) => other.type === type) ?? { ...chart, type: types.includes(type) ? type : chart.type }, [chart, type, types])
  if (fill) return chart.type === 'single_value' ? <SingleValue chart={chart} result={result} /> : <Drawing chart={chart} result={result} fill onPick={onPick} />
  return (
    <div>
      {types.length > 1 && (
        <SegmentedControl size="xs" mb={4} aria-label={t('chart.type')} value={shown.type} onChange={(value) => setType(value as ChartType)} data={types.map((value) => ({ value, label: t(`chart.types.${value}`) }))} />
      )}
      {shown.type === 'single_value' ? <SingleValue chart={shown} result={result} /> : <Drawing key={shown.type} chart={shown} result={result} />}
    </div>
  )
}

function SingleValue({ chart, result }: { chart: Chart; result: Result }) {
  const at = (place: Chart['value']) => place && result.rows[place.row]?.[result.columns.findIndex((c) => c.name === place.column)]
  const column = result.columns.find((c) => c.name === (chart.value?.column ?? chart.y?.[0]))
  const cell = chart.value ? at(chart.value) : column && result.rows[0]?.[result.columns.indexOf(column)]
  const before = at(chart.previous)
  if (!column || cell === undefined) return null
  const show = formatter(column, [cell])
  const change = before == null || cell === null || Number(before) === 0 ? null : Number(cell) / Number(before) - 1
  return (
    <Box data-testid="chart">
      <Group gap="sm" align="baseline">
        <Text fw={700} lh={1.1} className="single-value">{show(cell)}</Text>
        {change !== null && <Text size="sm" c="dimmed">{new Intl.NumberFormat(locale(), { style: 'percent', maximumFractionDigits: 1, signDisplay: 'exceptZero' }).format(change)}</Text>}
      </Group>
      <Text size="sm" c="dimmed">{column.name}</Text>
    </Box>
  )
}

function Drawing({ chart, result, fill, onPick }: Props) {
  const { t } = useTranslation('answer')
  const box = useRef<HTMLDivElement>(null)
  const drawn = useRef<EChartsType>(null)
  const scheme = useComputedColorScheme('light')
  const picked = useRef(onPick)
  useEffect(() => { picked.current = onPick })
  const world = useWorld(chart.type === 'map')
  const option = useMemo(() => (chart.type === 'map' && !world ? null : chartOption(chart, result, fill ? NARROW_LABEL : undefined)), [chart, result, world, fill])

  useEffect(() => {
    if (!box.current || !option) return
    const view = init(box.current, scheme === 'dark' ? 'dark' : undefined, { renderer: 'svg', locale: chartLocale() })
    drawn.current = view
    view.setOption({ backgroundColor: 'transparent', ...option })
    view.on('click', (at) => {
      const value = pickedCell(chart, result, at)
      if (chart.x && value !== undefined) picked.current?.(chart.x, value)
    })
    const observer = new ResizeObserver(() => view.resize())
    observer.observe(box.current)
    return () => { observer.disconnect(); view.dispose() }
  }, [option, scheme, chart, result])
  usePageScrolls(box, chart.type === 'map', !!option)

  if (!option) return null
  if (fill) return <Box ref={box} h="100%" className="chart" role="img" aria-label={chart.title || t('chart.label')} data-testid="chart" data-type={chart.type} />
  const height = chart.type === 'map' ? 360 : chart.horizontal ? Math.min(520, 70 + result.rows.length * 28) : 300
  /** Saves the picture with a background: it is to be pasted elsewhere. */
  const save = (kind: 'svg' | 'png') => {
    if (!box.current) return
    const { clientWidth: width } = box.current
    const off = document.createElement('div')
    const view = init(off, undefined, { renderer: kind === 'svg' ? 'svg' : 'canvas', width, height, devicePixelRatio: 2, locale: chartLocale() })
    view.setOption({ backgroundColor: '#ffffff', ...option, animation: false })
    const url = view.getDataURL({ type: kind === 'svg' ? 'svg' : 'png', backgroundColor: '#ffffff', pixelRatio: 2 })
    view.dispose()
    Object.assign(document.createElement('a'), { href: url, download: `chart.${kind}` }).click()
  }
  return (
    <Box pos="relative">
      <Box ref={box} h={height} className="chart" role="img" aria-label={chart.title || t('chart.label')} data-testid="chart" data-type={chart.type} />
      <Menu position="bottom-end">
        <Menu.Target><ActionIcon pos="absolute" top={-30} right={0} variant="subtle" color="gray" aria-label={t('chart.download')} title={t('chart.download')}><IconDownload size={18} /></ActionIcon></Menu.Target>
        <Menu.Dropdown><Menu.Item onClick={() => save('png')}>PNG</Menu.Item><Menu.Item onClick={() => save('svg')}>SVG</Menu.Item></Menu.Dropdown>
      </Menu>
    </Box>
  )
}

/**
 * Leaves scrolling to the page: ECharts would keep every turn of the wheel over a chart that can be zoomed, and every
 * finger on a map. Ctrl and the wheel, or a second finger, zoom.
 */
function usePageScrolls(box: RefObject<HTMLDivElement | null>, map: boolean, drawn: boolean): void {
  useEffect(() => {
    const chart = box.current
    if (!chart || !drawn) return
    const wheel = (event: WheelEvent) => { if (!event.ctrlKey) event.stopPropagation() }
    const touch = (event: TouchEvent) => { if (map && event.touches.length < 2) event.stopPropagation() }
    chart.addEventListener('wheel', wheel, { capture: true, passive: true })
    chart.addEventListener('touchmove', touch, { capture: true, passive: true })
    return () => {
      chart.removeEventListener('wheel', wheel, { capture: true })
      chart.removeEventListener('touchmove', touch, { capture: true })
    }
  }, [box, map, drawn])
}

/** Loads the outlines of the countries where a map is drawn. */
function useWorld(wanted: boolean): boolean {
  const [ready, setReady] = useState(false)
  useEffect(() => {
    let here = true
    if (wanted) void import('./world').then(({ loadWorld }) => { loadWorld(); if (here) setReady(true) })
    return () => { here = false }
  }, [wanted])
  return ready
}
