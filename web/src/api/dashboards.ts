import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from './client'
import { parseExact } from './exact'
import type { Schemas } from './types'
import type { Result } from './types'

export type Dashboard = Schemas['Dashboard']
export type DashboardSpec = Schemas['DashboardSpec']
export type DashboardEntry = Schemas['DashboardEntry']
export type DashboardFilter = Schemas['DashboardFilter']
export type Tile = Schemas['Tile'] & { id: string }
export type TileLink = Schemas['TileLink']
export type TileState = Schemas['TileState']
export type Proposal = Schemas['Proposal'] & { id: string }
export type PublicTile = Schemas['PublicTile']
export type Values = Record<string, unknown>
export type TileRows = Result & { chart?: Schemas['Chart']; ran_at: string }

/** What dashboards read, each with its key. */
export const dashboardsQuery = (q: string, mine: boolean) => infiniteQueryOptions({
  queryKey: ['dashboards', q, mine],
  queryFn: ({ pageParam }) => unwrap(api.GET('/api/v1/dashboards', { params: { query: { q: q || undefined, mine: mine || undefined, limit: 50, cursor: pageParam || undefined } } })),
  initialPageParam: '',
  getNextPageParam: (last) => last.next_cursor || undefined,
})

export const dashboardQuery = (id: string) => queryOptions({
  queryKey: ['dashboard', id],
  queryFn: () => unwrap(api.GET('/api/v1/dashboards/{id}', { params: { path: { id } } })),
})

export const versionsQuery = (id: string) => queryOptions({
  queryKey: ['dashboard', id, 'versions'],
  queryFn: async () => (await unwrap(api.GET('/api/v1/dashboards/{id}/versions', { params: { path: { id } } }))).items,
})

export const linksQuery = (id: string) => queryOptions({
  queryKey: ['dashboard', id, 'links'],
  queryFn: async () => (await unwrap(api.GET('/api/v1/dashboards/{id}/links', { params: { path: { id } } }))).items,
})

/** The first rows of a tile; version is what its state stands at. */
export const tileRowsQuery = (dashboard: string, tile: string, values: Values, version: string, limit: number) => queryOptions({
  queryKey: ['tile-rows', dashboard, tile, values, version, limit],
  queryFn: async () => parseExact(await unwrap(api.POST('/api/v1/dashboards/{id}/tiles/{tile}/rows', {
    params: { path: { id: dashboard, tile } }, body: { values, limit }, parseAs: 'text' }))) as TileRows,
  staleTime: Infinity,
})

/** The rows of a tile that is not stored yet. */
export const previewRowsQuery = (filters: DashboardFilter[], tile: Tile, version: string, limit: number) => queryOptions({
  queryKey: ['preview-rows', tile.connection_id, tile.sql, tile.parameters, tile.view, tile.chart, version, limit],
  queryFn: async () => parseExact(await unwrap(api.POST('/api/v1/tile-previews/rows', { body: { filters, tile, limit }, parseAs: 'text' }))) as TileRows,
  staleTime: Infinity,
})
