import type { Cell, Column } from '../api/types'
import { locale as readers } from '../i18n'

export type Format = (cell: Cell) => string

const KEY = /(^|_)(id|year|zip|postcode|postal_code|phone|code)$/i
const DATE = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(Z?))?$/

export const isNumeric = (column: Column) => column.type === 'integer' || column.type === 'number'

/** A cell as it is, for those who need it exactly. */
export function exact(cell: Cell): string {
  return typeof cell === 'object' ? 'null' : String(cell)
}

/** How to show a column's cells: by its type, in the reader's locale, alike in all rows. */
export function formatter(column: Column, cells: Cell[], locale = readers()): Format {
  const show = isNumeric(column) ? numbers(column, cells, locale)
    : column.type === 'date' || column.type === 'timestamp' ? dates(cells, locale) : exact
  return (cell) => (cell === null ? 'null' : show(cell))
}

/** Keys and years are not grouped; fractions have as many places as the column needs, two mostly. */
function numbers(column: Column, cells: Cell[], locale?: string): Format {
  if (KEY.test(column.name)) return exact
  const values = cells.filter((c) => c !== null).map(Number).filter(Number.isFinite)
  const places = Math.max(0, ...values.map(decimals))
  const largest = Math.max(0, ...values.map(Math.abs))
  const digits = Math.min(places, largest >= 1 || largest === 0 ? 2 : 4)
  const plain = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits })
  const tiny = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 })
  return (cell) => {
    const value = Number(cell)
    if (cell === '' || !Number.isFinite(value)) return exact(cell)
    if (value !== 0 && Math.abs(value) < 0.5 * 10 ** -digits) return tiny.format(value)
    // A string of digits is a number that a double does not hold.
    return plain.format(typeof cell === 'string' && /^-?\d+$/.test(cell) ? BigInt(cell) : value)
  }
}

function decimals(value: number): number {
  const [digits = '', power = '0'] = String(value).split('e')
  return Math.max(0, (digits.split('.')[1]?.length ?? 0) - Number(power))
}

/** Whole months as months and whole days as days; times in UTC, as the database gave them. */
function dates(cells: Cell[], locale?: string): Format {
  const parsed = cells.map((c) => (typeof c === 'string' ? DATE.exec(c) : null)).filter((m) => m !== null)
  const whole = parsed.every(([, , , , hour = '00', minute = '00', second = '00']) => hour + minute + second === '000000')
  const months = whole && parsed.length > 1 && parsed.every((m) => m[3] === '01')
  const options: Intl.DateTimeFormatOptions = months ? { year: 'numeric', month: 'short' }
    : whole ? { dateStyle: 'medium' } : { dateStyle: 'medium', timeStyle: 'short' }
  const format = new Intl.DateTimeFormat(locale, { ...options, timeZone: 'UTC' })
  return (cell) => {
    const match = typeof cell === 'string' ? DATE.exec(cell) : null
    if (!match || typeof cell !== 'string') return exact(cell)
    const time = Date.parse(cell.endsWith('Z') || !cell.includes('T') ? cell : cell + 'Z')
    return Number.isNaN(time) ? cell : format.format(time) + (!whole && match[7] ? ' UTC' : '')
  }
}

/** A moment, in the reader's time zone. */
export function moment(time: string): string {
  return new Date(time).toLocaleString(readers(), { dateStyle: 'medium', timeStyle: 'short' })
}

/** A day, in the reader's time zone. */
export function day(time: string): string {
  return new Date(time).toLocaleDateString(readers(), { dateStyle: 'medium' })
}

/** A duration as a person reads it. */
export function duration(ms: number): string {
  const digits = ms < 10_000 ? 1 : 0
  return ms < 1000 ? `${ms} ms` : `${(ms / 1000).toLocaleString(readers(), { minimumFractionDigits: digits, maximumFractionDigits: digits })} s`
}
