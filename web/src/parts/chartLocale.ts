import { registerLocale } from 'echarts/core'
import { locale } from '../i18n'

/** The name of a chart's locale in which months and days are called as the reader calls them. */
export function chartLocale(): string {
  const name = locale()
  const names = (count: number, at: (n: number) => number, options: Intl.DateTimeFormatOptions) => {
    const format = new Intl.DateTimeFormat(name, { ...options, timeZone: 'UTC' })
    return Array.from({ length: count }, (_, n) => format.format(at(n)))
  }
  const month = (n: number) => Date.UTC(2026, n, 1)
  const day = (n: number) => Date.UTC(2026, 1, 1 + n) // a Sunday
  const chart = `reader-${name}` // ECharts' own English stays as it is: the rest comes from there
  registerLocale(chart, {
    time: {
      month: names(12, month, { month: 'long' }), monthAbbr: names(12, month, { month: 'short' }),
      dayOfWeek: names(7, day, { weekday: 'long' }), dayOfWeekAbbr: names(7, day, { weekday: 'short' }),
    },
  } as Parameters<typeof registerLocale>[1])
  return chart
}
