import type { Dashboard } from '../api/dashboards'

/** What a dashboard shows. */
export function shownOf({ name, description, filters, tiles, refresh_seconds }: Dashboard) {
  return { name, description, filters, tiles, refresh_seconds }
}

/** What is stored of a dashboard, and the version that was changed. */
export function body(d: Dashboard) {
  return { ...shownOf(d), sharing: d.sharing, version: d.version }
}
