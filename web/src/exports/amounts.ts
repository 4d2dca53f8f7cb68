import { locale } from '../i18n'

/** A count in the reader's own way. */
export const count = (n: number, language = locale()) => new Intl.NumberFormat(language).format(n)

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const

/** Bytes as a person reads them: 1.2 MB. */
export function bytes(n: number, language = locale()): string {
  let at = 0
  let value = n
  while (value >= 1000 && at < UNITS.length - 1) { value /= 1000; at++ }
  return new Intl.NumberFormat(language, { style: 'unit', unit: UNITS[at], maximumFractionDigits: value < 10 && at > 0 ? 1 : 0 }).format(value)
}

/** How far an export is, 0 to 100; undefined where nobody knows. It is never full before its end. */
export function share(rows: number, estimate: number): number | undefined {
  return estimate > 0 ? Math.min(99, (100 * rows) / estimate) : undefined
}
