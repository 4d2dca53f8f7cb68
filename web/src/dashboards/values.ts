import type { Cell } from '../api/types'
import type { Dashboard, DashboardFilter, Tile, Values } from '../api/dashboards'

/** What a filter has: what was chosen, else its default; null for nothing. */
export function valueOf(filter: DashboardFilter, values: Values): unknown {
  return filter.name in values ? values[filter.name] : (filter.default ?? null)
}

/** The filter that a click on a column's value sets, if any. */
export function filterOf(dashboard: Pick<Dashboard, 'filters'>, tile: Pick<Tile, 'links'>, column: string): DashboardFilter | undefined {
  const link = tile.links?.find((l) => l.column === column && (l.how === 'sets' || l.how === 'equals'))
  return dashboard.filters?.find((f) => f.name === link?.filter) ?? dashboard.filters?.find((f) => f.name === column)
}

/** A cell as a value of a filter; undefined where its type does not take it. */
export function asValue(filter: DashboardFilter, cell: Cell): unknown {
  if (cell === null) return undefined
  switch (filter.type) {
    case 'number': return Number.isFinite(Number(cell)) ? Number(cell) : undefined
    case 'boolean': return typeof cell === 'boolean' ? cell : undefined
    case 'date': return /^\d{4}-\d\d-\d\d/.test(String(cell)) ? String(cell).slice(0, 10) : undefined
    default: return String(cell)
  }
}

/** The values after a click: the same again takes it back. */
export function picked(filter: DashboardFilter, values: Values, cell: Cell): Values {
  const value = asValue(filter, cell)
  if (value === undefined) return values
  const had = valueOf(filter, values)
  if (filter.type === 'list') {
    const list = Array.isArray(had) ? had : []
    const next = list.includes(value) ? list.filter((v) => v !== value) : [...list, value]
    return { ...values, [filter.name]: next.length ? next : null }
  }
  return { ...values, [filter.name]: had === value ? null : value }
}

/** Values of filters from an address; what is not of a kind that filters take is left out. */
export function valuesIn(search: unknown): Values {
  if (typeof search !== 'object' || search === null || Array.isArray(search)) return {}
  return Object.fromEntries(Object.entries(search).filter(([, v]) => v === null || ['string', 'number', 'boolean'].includes(typeof v) || (Array.isArray(v) && v.every((i) => typeof i === 'string' || typeof i === 'number'))))
}
