import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from './client'
import type { Export, ExportSource } from './types'

const LOOK_EVERY_MS = 1000

/** Whether something still happens to an export by itself. */
export const isOpen = (e: Export) => e.status === 'queued' || e.status === 'running'

export const exportsQuery = infiniteQueryOptions({
  queryKey: ['exports'],
  queryFn: ({ pageParam }) => unwrap(api.GET('/api/v1/exports', { params: { query: { limit: 50, cursor: pageParam || undefined } } })),
  initialPageParam: '',
  getNextPageParam: (last) => last.next_cursor || undefined,
  refetchInterval: (query) => (query.state.data?.pages.some((p) => p.items.some(isOpen)) ? LOOK_EVERY_MS : false),
})

/** One export, read again as long as it is written. */
export const exportQuery = (id: string) => queryOptions({
  queryKey: ['export', id],
  queryFn: () => unwrap(api.GET('/api/v1/exports/{id}', { params: { path: { id } } })),
  refetchInterval: (query) => (!query.state.data || isOpen(query.state.data) ? LOOK_EVERY_MS : false),
})

export const exportSchedulesKey = ['export-schedules'] as const

/** How often a page that is open looks whether something has changed; what is written is looked at more often. */
const IDLE_EVERY_MS = 15_000

export const exportSchedulesQuery = infiniteQueryOptions({
  queryKey: [...exportSchedulesKey, 'list'],
  queryFn: ({ pageParam }) => unwrap(api.GET('/api/v1/export-schedules', { params: { query: { limit: 50, cursor: pageParam || undefined } } })),
  initialPageParam: '',
  getNextPageParam: (last) => last.next_cursor || undefined,
  refetchInterval: (query) => (query.state.data?.pages.some((p) => p.items.some((s) => s.last && isOpen(s.last))) ? LOOK_EVERY_MS : IDLE_EVERY_MS),
})

/** What happens after its end, such as a message, is seen a little later. */
const justEnded = (e: Export) => !!e.ended_at && Date.now() - Date.parse(e.ended_at) < 20_000

/** What a schedule has exported, newest first. */
export const scheduledExportsQuery = (id: string) => infiniteQueryOptions({
  queryKey: [...exportSchedulesKey, id, 'exports'],
  queryFn: ({ pageParam }) => unwrap(api.GET('/api/v1/export-schedules/{id}/exports', { params: { path: { id }, query: { limit: 10, cursor: pageParam || undefined } } })),
  initialPageParam: '',
  getNextPageParam: (last) => last.next_cursor || undefined,
  refetchInterval: (query) => (query.state.data?.pages.some((p) => p.items.some((e) => isOpen(e) || justEnded(e))) ? LOOK_EVERY_MS : IDLE_EVERY_MS),
})

export const exportSettingsQuery = queryOptions({ queryKey: ['export-settings'], queryFn: () => unwrap(api.GET('/api/v1/export-settings')), staleTime: 60_000 })

/** How much an export would be. The database is asked, which can take some seconds. */
export const estimateQuery = (source: ExportSource, format: Export['format']) => queryOptions({
  queryKey: ['export-estimate', source, format],
  queryFn: () => unwrap(api.POST('/api/v1/exports/estimate', { body: { ...source, format } })),
  staleTime: 60_000,
  retry: false,
})

/** Begins the download of a finished export's file. */
export async function download(id: string): Promise<void> {
  const link = await unwrap(api.POST('/api/v1/exports/{id}/link', { params: { path: { id } } }))
  const { pathname, search } = new URL(link.url) // of this page's own server, whatever name it has for itself
  location.assign(pathname + search)
}
