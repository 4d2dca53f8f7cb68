import type { TFunction } from 'i18next'
import { locale } from '../i18n'

/** A schedule as it is chosen; other cron expressions are written as they are. */
export type Every = 'minutes' | 'hour' | 'day' | 'workday' | 'week' | 'month' | 'cron'

export interface Plan { every: Every; minutes: number; time: string; weekday: number; day: number; cron: string }

const two = (n: number) => String(n).padStart(2, '0')

/** The cron expression of a choice. */
export function toCron(p: Plan): string {
  const [hour = 8, minute = 0] = p.time.split(':').map(Number)
  switch (p.every) {
    case 'minutes': return p.minutes === 1 ? '* * * * *' : `*/${p.minutes} * * * *`
    case 'hour': return `${minute} * * * *`
    case 'day': return `${minute} ${hour} * * *`
    case 'workday': return `${minute} ${hour} * * 1-5`
    case 'week': return `${minute} ${hour} * * ${p.weekday}`
    case 'month': return `${minute} ${hour} ${p.day} * *`
    default: return p.cron
  }
}

/** The choice that a cron expression is. */
export function fromCron(cron: string): Plan {
  const plan: Plan = { every: 'cron', minutes: 15, time: '08:00', weekday: 1, day: 1, cron }
  if (cron === '* * * * *') return { ...plan, every: 'minutes', minutes: 1 }
  const steps = /^\*\/(\d+) \* \* \* \*$/.exec(cron)
  if (steps) return { ...plan, every: 'minutes', minutes: Number(steps[1]) }
  const hourly = /^(\d+) \* \* \* \*$/.exec(cron)
  if (hourly) return { ...plan, every: 'hour', time: `08:${two(Number(hourly[1]))}` }
  const at = /^(\d+) (\d+) (\*|\d+) \* (\*|1-5|\d)$/.exec(cron)
  if (!at) return plan
  const [, minute, hour, day, weekday] = at
  plan.time = `${two(Number(hour))}:${two(Number(minute))}`
  if (day !== '*') return weekday === '*' ? { ...plan, every: 'month', day: Number(day) } : { ...plan, time: '08:00' }
  if (weekday === '1-5') return { ...plan, every: 'workday' }
  if (weekday !== '*') return { ...plan, every: 'week', weekday: Number(weekday) % 7 }
  return { ...plan, every: 'day' }
}

/** A day of the week by its number, 0 is Sunday, in the reader's language. */
export const weekdayName = (n: number, locale: string) => new Intl.DateTimeFormat(locale, { weekday: 'long', timeZone: 'UTC' }).format(new Date(Date.UTC(2023, 0, 1 + n)))

/** The zones to choose from, and the one of this browser. */
export const zones = (): string[] => ['UTC', ...Intl.supportedValuesOf('timeZone').filter((z) => z !== 'UTC')]
export const myZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC'

/** When something runs, in words. */
export function scheduleWords(t: TFunction<'parts'>, cron: string, zone: string): string {
  const p = fromCron(cron)
  if (p.every === 'minutes') return p.minutes === 1 ? t('schedule.when.minute') : t('schedule.when.minutes', { n: p.minutes })
  if (p.every === 'hour') return t('schedule.when.hour', { minute: p.time.slice(3) })
  return t(`schedule.when.${p.every}`, { time: p.time, weekday: weekdayName(p.weekday, locale()), day: p.day, cron, zone: zone.replaceAll('_', ' ') })
}
