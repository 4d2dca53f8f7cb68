import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from './client'
import type { Schemas } from './types'

export type Report = Schemas['Report']
export type ReportInput = Schemas['ReportInput']
export type ReportRun = Schemas['ReportRun']
export type ReportDelivery = Schemas['ReportDelivery']
export type StandingQuestion = Schemas['StandingQuestion']
export type StandingQuestionInput = Schemas['StandingQuestionInput']

export const reportsKey = ['reports'] as const

/** How often a page that is open looks whether something has changed; more often while something is under way. */
const LOOK_EVERY_MS = 15_000
const LOOK_SOON_MS = 1500

/** One's reports and those that one gets, changed last first. */
export const reportsQuery = infiniteQueryOptions({
  queryKey: [...reportsKey, 'list'],
  queryFn: ({ pageParam }) => unwrap(api.GET('/api/v1/reports', { params: { query: { limit: 100, cursor: pageParam || undefined } } })),
  initialPageParam: '',
  getNextPageParam: (last) => last.next_cursor || undefined,
  refetchInterval: ({ state }) => (state.data?.pages.some((p) => p.items.some((r) => r.last_run?.status === 'running')) ? LOOK_SOON_MS : LOOK_EVERY_MS),
})

export const reportQuery = (id: string) => queryOptions({
  queryKey: [...reportsKey, id],
  queryFn: () => unwrap(api.GET('/api/v1/reports/{id}', { params: { path: { id } } })),
  refetchInterval: ({ state }) => (state.data?.last_run?.status === 'running' ? LOOK_SOON_MS : LOOK_EVERY_MS),
})

/** Runs, newest first, with what was missed on the first page. */
export const reportRunsQuery = (id: string) => infiniteQueryOptions({
  queryKey: [...reportsKey, id, 'runs'],
  queryFn: ({ pageParam }) => unwrap(api.GET('/api/v1/reports/{id}/runs', { params: { path: { id }, query: { limit: 20, cursor: pageParam || undefined } } })),
  initialPageParam: '',
  getNextPageParam: (last) => last.next_cursor || undefined,
  refetchInterval: ({ state }) => (state.data?.pages.some((p) => p.items.some((r) => r.status === 'running')) ? LOOK_SOON_MS : LOOK_EVERY_MS),
})

const underWay = (d: ReportDelivery) => d.status === 'queued' || d.status === 'sending'

/** What a run told, and to whom. */
export const reportDeliveriesQuery = (id: string, at: string) => infiniteQueryOptions({
  queryKey: [...reportsKey, id, 'deliveries', at],
  queryFn: ({ pageParam }) => unwrap(api.GET('/api/v1/reports/{id}/deliveries', { params: { path: { id }, query: { at, limit: 50, cursor: pageParam || undefined } } })),
  initialPageParam: '',
  getNextPageParam: (last) => last.next_cursor || undefined,
  refetchInterval: ({ state }) => (state.data?.pages.some((p) => p.items.some(underWay)) ? LOOK_SOON_MS : LOOK_EVERY_MS),
})

/** Who can be a recipient, and whether they can be mailed. */
export const reportPeopleQuery = queryOptions({ queryKey: [...reportsKey, 'people'], queryFn: () => unwrap(api.GET('/api/v1/reports/people')) })

/** The answers of a conversation that can be asked again: its last ones, as the server takes them. */
export const answersQuery = (conversation: string, most: number) => queryOptions({
  queryKey: ['questions', conversation, 'answers'],
  queryFn: async () => {
    const all: Schemas['Question'][] = []
    for (let cursor = ''; ;) {
      const page = await unwrap(api.GET('/api/v1/conversations/{id}/questions', { params: { path: { id: conversation }, query: { limit: 200, cursor: cursor || undefined } } }))
      all.push(...page.items)
      cursor = page.next_cursor
      if (!cursor) return all.filter((q) => q.status === 'answered' && q.sql).slice(-most)
    }
  },
})

/** All saved queries that one may see. */
export const allSavedQuery = queryOptions({
  queryKey: ['saved-queries', 'all'],
  queryFn: async () => (await unwrap(api.GET('/api/v1/saved-queries', { params: { query: { limit: 200 } } }))).items,
})

// --- PDFs ---------------------------------------------------------------------

const file = (answer: Promise<{ data?: string; error?: unknown; response: Response }>) => unwrap(answer) as Promise<unknown> as Promise<Blob>

/** A stored report as one would get it now. */
export const showReport = (id: string) => file(api.POST('/api/v1/reports/{id}/preview', { params: { path: { id } }, parseAs: 'blob' }) as never)
/** A report that is not stored yet. */
export const previewReport = (body: ReportInput) => file(api.POST('/api/v1/reports/preview', { body, parseAs: 'blob' }) as never)
/** What a run showed. */
export const reportFile = (run: string) => file(api.GET('/api/v1/report-runs/{id}/file', { params: { path: { id: run } }, parseAs: 'blob' }) as never)
