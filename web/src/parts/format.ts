import type { Cell, Column } from '../api/types'

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 6 })

/** A cell as a person reads it. Years and keys are not grouped. */
export function formatCell(cell: Cell, column: Column): string {
  if (cell === null) return 'null'
  if (typeof cell === 'object') return JSON.stringify(cell)
  if (typeof cell === 'number') return /(^|_)(id|year)$/i.test(column.name) ? String(cell) : number.format(cell)
  if (typeof cell === 'string' && column.type === 'timestamp') {
    return cell.replace('T', ' ').replace(/(\.\d+)?(Z|[+-]\d\d:\d\d)$/, '').replace(/ 00:00:00$/, '')
  }
  return String(cell)
}
