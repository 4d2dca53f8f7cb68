import { useQuery } from '@tanstack/react-query'
import { api, unwrap } from '../api/client'
import { type DashboardFilter, previewRowsQuery, type Tile, type TileState } from '../api/dashboards'

const POLL_MS = 1500

/** What of a tile its rows depend on. */
const alone = ({ id, kind, title, connection_id, sql, parameters, view, chart }: Tile): Tile => ({ id, kind, title, connection_id, sql, parameters, view, chart, x: 0, y: 0, w: 6, h: 6, order: 0 })

/** Runs a tile that is not stored yet, and reads its first rows. */
export function usePreview(filters: DashboardFilter[], tile: Tile) {
  const run = useQuery({
    queryKey: ['preview', tile.connection_id, tile.sql, tile.parameters, filters],
    queryFn: async () => (await unwrap(api.POST('/api/v1/tile-previews', { body: { filters, tiles: [alone(tile)] } }))).tiles[0] ?? null,
    refetchInterval: (query) => ((query.state.data as TileState | null)?.status === 'refreshing' ? POLL_MS : false),
    staleTime: 60_000,
  })
  const state = run.data ?? undefined
  const rows = useQuery({ ...previewRowsQuery(filters, alone(tile), state?.ran_at ?? '', 200), enabled: !!state?.ran_at })
  return { state, rows: rows.data, waiting: run.isPending || state?.status === 'refreshing' || rows.isLoading, failure: run.error?.message ?? (state?.status === 'failed' ? state.error : rows.error?.message) }
}
