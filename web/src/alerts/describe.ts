import type { TFunction } from 'i18next'
import type { AlertCondition } from '../api/types'
import { locale } from '../i18n'

type T = TFunction<'alerts'>

/** A value with its unit, in the reader's locale. */
export function amount(c: AlertCondition, value: number): string {
  if (c.kind === 'freshness') return age(value)
  const text = new Intl.NumberFormat(locale(), { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : 2 }).format(value)
  return c.unit ? `${text} ${c.unit}` : text
}

/** An age in the largest unit that fits. */
export function age(seconds: number): string {
  const [n, unit] = seconds < 7200 ? [seconds / 60, 'minute'] : seconds < 172_800 ? [seconds / 3600, 'hour'] : [seconds / 86_400, 'day']
  return new Intl.NumberFormat(locale(), { style: 'unit', unit: unit as string, unitDisplay: 'long', maximumFractionDigits: 1 }).format(n as number)
}

/** When an alert fires, in words. */
export function conditionWords(t: T, c: AlertCondition): string {
  const column = c.column?.replaceAll('_', ' ') ?? t('words.value')
  const what = c.kind === 'rows' || c.kind === 'failure' ? '' : c.rows === 'count' ? t('words.count')
    : c.rows === 'each' ? t('words.each', { column, keys: (c.keys ?? []).join(', ').replaceAll('_', ' ') || t('words.rows') })
      : c.rows === 'any' || c.rows === 'all' || c.rows === 'last' ? t(`words.${c.rows}`, { column }) : column
  switch (c.kind) {
    case 'threshold': return t(`words.op.${c.op === 'either' ? 'above' : (c.op ?? 'above')}`, { what, limit: amount(c, c.limit ?? 0) })
    case 'change': return t(`words.change.${side(c)}`, {
      what, limit: c.percent ? `${amount({ kind: 'change' }, c.limit ?? 0)} %` : amount(c, c.limit ?? 0), against: t(`against.${c.against ?? 'previous'}`) })
    case 'band': return t(`words.band.${side(c)}`, { what })
    case 'rows': return t(`words.${c.change === 'missing' ? 'missing' : 'new'}`)
    case 'freshness': return t('words.fresh', { what, limit: age(c.limit ?? 0) })
    default: return t('words.fails')
  }
}

const side = (c: AlertCondition) => (c.op === 'either' || c.op === 'below' ? c.op : c.kind === 'band' && !c.op ? 'either' : 'above')
