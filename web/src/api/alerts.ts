import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from './client'
import type { AlertTry } from './types'

export const alertsKey = ['alerts'] as const

/** How often a page that is open looks whether something has changed. */
const LOOK_EVERY = 15_000

/** The alerts that one may see, changed last first. */
export const alertsQuery = infiniteQueryOptions({
  queryKey: [...alertsKey, 'list'],
  queryFn: ({ pageParam }) => unwrap(api.GET('/api/v1/alerts', { params: { query: { limit: 100, cursor: pageParam || undefined } } })),
  initialPageParam: '',
  getNextPageParam: (last) => last.next_cursor || undefined,
  refetchInterval: LOOK_EVERY,
})

export const alertQuery = (id: string) => queryOptions({
  queryKey: [...alertsKey, id],
  queryFn: () => unwrap(api.GET('/api/v1/alerts/{id}', { params: { path: { id } } })),
  refetchInterval: LOOK_EVERY,
})

/** Asks again, soon and then less often: what was just started has been done by then. */
export function lookSoon(again: () => void): void {
  for (const seconds of [1, 2, 4, 8]) setTimeout(again, seconds * 1000)
}

/** Runs since a time, and those that were missed. */
export const alertRunsQuery = (id: string, from: string) => queryOptions({
  queryKey: [...alertsKey, id, 'runs', from],
  queryFn: () => unwrap(api.GET('/api/v1/alerts/{id}/runs', { params: { path: { id }, query: { from, limit: 1000 } } })),
  refetchInterval: LOOK_EVERY,
})

const LISTS = { events: '/api/v1/alerts/{id}/events', episodes: '/api/v1/alerts/{id}/episodes', deliveries: '/api/v1/alerts/{id}/deliveries' } as const

export const alertEventsQuery = (id: string) => infiniteQueryOptions({
  queryKey: [...alertsKey, id, 'events'],
  queryFn: ({ pageParam }) => unwrap(api.GET(LISTS.events, { params: { path: { id }, query: { limit: 30, cursor: pageParam || undefined } } })),
  initialPageParam: '', getNextPageParam: (last) => last.next_cursor || undefined, refetchInterval: LOOK_EVERY,
})

export const alertEpisodesQuery = (id: string) => infiniteQueryOptions({
  queryKey: [...alertsKey, id, 'episodes'],
  queryFn: ({ pageParam }) => unwrap(api.GET(LISTS.episodes, { params: { path: { id }, query: { limit: 10, cursor: pageParam || undefined } } })),
  initialPageParam: '', getNextPageParam: (last) => last.next_cursor || undefined, refetchInterval: LOOK_EVERY,
})

export const alertDeliveriesQuery = (id: string) => infiniteQueryOptions({
  queryKey: [...alertsKey, id, 'deliveries'],
  queryFn: ({ pageParam }) => unwrap(api.GET(LISTS.deliveries, { params: { path: { id }, query: { limit: 30, cursor: pageParam || undefined } } })),
  initialPageParam: '', getNextPageParam: (last) => last.next_cursor || undefined, refetchInterval: LOOK_EVERY,
})

/** What an alert would see and do now. */
export const previewQuery = (body: AlertTry) => queryOptions({
  queryKey: ['alert-preview', body],
  queryFn: () => unwrap(api.POST('/api/v1/alerts/preview', { body })),
  staleTime: 60_000, retry: false,
})

/** The next runs of a schedule. */
export const scheduleQuery = (cron: string, zone: string) => queryOptions({
  queryKey: ['alert-schedule', cron, zone],
  queryFn: async () => (await unwrap(api.GET('/api/v1/alerts/schedule', { params: { query: { cron, time_zone: zone } } }))).next,
  staleTime: 60_000, retry: false,
})

/** The channels that messages can go over. */
export const usableChannelsQuery = queryOptions({ queryKey: ['channels'], queryFn: async () => (await unwrap(api.GET('/api/v1/channels'))).channels })
