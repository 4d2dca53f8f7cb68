import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, Problem, unwrap } from './client'
import { parseExact } from './exact'
import type { Delivery, Result, Step } from './types'

interface PageOf<T> { items: T[]; next_cursor: string }

/** All items of a list, page by page. */
async function allOf<T>(read: (query: { limit: number; cursor?: string }) => Promise<PageOf<T>>): Promise<T[]> {
  const all: T[] = []
  for (let cursor = ''; ;) {
    const page = await read({ limit: 200, cursor: cursor || undefined })
    all.push(...page.items)
    cursor = page.next_cursor
    if (!cursor) return all
  }
}

/** What the page reads, each with its key: one place to invalidate from. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: () => unwrap(api.GET('/api/v1/auth/me')),
  staleTime: 60_000,
})

/** What is wrong with the service just now. No answer in time counts as none: a page waits for it. */
export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: async () => (await unwrap(api.GET('/api/v1/status', { signal: AbortSignal.timeout(8000) }))).faults,
  staleTime: 5000,
})

export const conversationsQuery = infiniteQueryOptions({
  queryKey: ['conversations'],
  queryFn: ({ pageParam }) => unwrap(api.GET('/api/v1/conversations', { params: { query: { limit: 50, cursor: pageParam || undefined } } })),
  initialPageParam: '',
  getNextPageParam: (last) => last.next_cursor || undefined,
})

/** Which conversations a list holds: one's own, those put away, or those that others share; with words in them. */
export interface Which { q: string; of: 'mine' | 'archived' | 'shared' }

export const foundConversationsQuery = ({ q, of }: Which) => infiniteQueryOptions({
  queryKey: ['conversations', 'found', of, q],
  queryFn: ({ pageParam }) => unwrap(api.GET('/api/v1/conversations', {
    params: { query: { limit: 50, cursor: pageParam || undefined, q: q || undefined, archived: of === 'archived' || undefined, shared: of === 'shared' || undefined } },
  })),
  initialPageParam: '',
  getNextPageParam: (last) => last.next_cursor || undefined,
})

export const conversationQuery = (id: string) => queryOptions({
  queryKey: ['conversation', id],
  queryFn: () => unwrap(api.GET('/api/v1/conversations/{id}', { params: { path: { id } } })),
})

/** All questions of a conversation, oldest first. */
export const questionsQuery = (conversation: string) => queryOptions({
  queryKey: ['questions', conversation],
  queryFn: () => allOf((query) => unwrap(api.GET('/api/v1/conversations/{id}/questions', { params: { path: { id: conversation }, query } }))),
})

/** Questions that follow from an answer. */
export const followUpsQuery = (id: string, run: number) => queryOptions({
  queryKey: ['follow-ups', id, run],
  queryFn: async () => (await unwrap(api.GET('/api/v1/questions/{id}/follow-ups', { params: { path: { id } } }))).questions,
  staleTime: Infinity,
})

/** All that a step saw; version is what it stands at. */
export const stepQuery = (id: string, run: number, kind: Step['kind'], attempt: number, version: string) => queryOptions({
  queryKey: ['step', id, run, kind, attempt, version],
  queryFn: () => unwrap(api.GET('/api/v1/questions/{id}/steps/{run}/{kind}/{attempt}', { params: { path: { id, run, kind, attempt } } })),
})

/** A question with its steps. */
export const questionQuery = (id: string, run: number) => queryOptions({
  queryKey: ['question', id, run],
  queryFn: () => unwrap(api.GET('/api/v1/questions/{id}', { params: { path: { id } } })),
})

const FIRST_ROWS = 1000
const MORE_ROWS = 5000 // the most that one answer has

async function resultPage(question: string, offset: number, limit: number): Promise<Result> {
  const params = { path: { id: question }, query: { offset, limit } }
  return parseExact(await unwrap(api.GET('/api/v1/questions/{id}/result', { params, parseAs: 'text' }))) as Result
}

/** The first rows of a result. */
export const resultQuery = (question: string, run: number) => queryOptions({
  queryKey: ['result', question, run],
  queryFn: () => resultPage(question, 0, FIRST_ROWS),
  staleTime: Infinity,
})

/** All rows of a result whose first ones are here. */
export const allRowsQuery = (question: string, run: number, first: Result) => queryOptions({
  queryKey: ['result', question, run, 'all'],
  queryFn: async () => {
    const rows = [...first.rows]
    while (rows.length < first.row_count) {
      const page = await resultPage(question, rows.length, MORE_ROWS)
      if (!page.rows.length) break
      for (const row of page.rows) rows.push(row)
    }
    return rows
  },
  staleTime: Infinity,
})

export const connectionsQuery = queryOptions({
  queryKey: ['connections'],
  queryFn: async () => (await unwrap(api.GET('/api/v1/connections', { params: { query: { limit: 200 } } }))).items,
})

/** Whether a new connection's structure is still being read, which takes moments. */
const pending = (error: Error | null) => error instanceof Problem && error.code === 'catalog_pending'

export const catalogQuery = (id: string) => queryOptions({
  queryKey: ['catalog', id],
  queryFn: () => unwrap(api.GET('/api/v1/connections/{id}/catalog', { params: { path: { id } } })),
  retry: (count, error) => pending(error) && count < 30,
  retryDelay: 1000,
})

export const suggestionsQuery = (id: string) => queryOptions({
  queryKey: ['suggestions', id],
  queryFn: async () => (await unwrap(api.GET('/api/v1/connections/{id}/suggestions', { params: { path: { id } } }))).questions,
  retry: (count, error) => pending(error) && count < 30,
  retryDelay: 1000,
})

// --- settings -------------------------------------------------------------------

/** The organisation's models in their order, and what answers without them. */
export const modelsQuery = queryOptions({ queryKey: ['models'], queryFn: () => unwrap(api.GET('/api/v1/models')) })

/** The organisation's channels; those who only use them see the names of what is on. */
export const channelsQuery = queryOptions({ queryKey: ['channels'], queryFn: async () => (await unwrap(api.GET('/api/v1/channels'))).channels })

/** Which entries of the ledger are wanted; what is empty does not count. */
export interface DeliveryFilter { channel: string; status: Delivery['status'] | ''; subject: string; from: string; to: string }

export const deliveriesQuery = (f: DeliveryFilter) => infiniteQueryOptions({
  queryKey: ['deliveries', f],
  queryFn: ({ pageParam }) => unwrap(api.GET('/api/v1/deliveries', { params: { query: {
    channel: f.channel || undefined, status: f.status || undefined, subject: f.subject || undefined, from: f.from || undefined, to: f.to || undefined, limit: 30, cursor: pageParam || undefined,
  } } })),
  initialPageParam: '',
  getNextPageParam: (last) => last.next_cursor || undefined,
})

/** A delivery with its message. */
export const deliveryQuery = (id: string) => queryOptions({ queryKey: ['deliveries', id], queryFn: () => unwrap(api.GET('/api/v1/deliveries/{id}', { params: { path: { id } } })) })

export const membersQuery = queryOptions({ queryKey: ['members'], queryFn: () => allOf((query) => unwrap(api.GET('/api/v1/members', { params: { query } }))) })

/** Invitations that nobody has accepted yet. */
export const invitationsQuery = queryOptions({ queryKey: ['invitations'], queryFn: () => allOf((query) => unwrap(api.GET('/api/v1/invitations', { params: { query } }))) })

/** One's own sessions, that of this browser first. */
export const sessionsQuery = queryOptions({
  queryKey: ['sessions'],
  queryFn: async () => (await allOf((query) => unwrap(api.GET('/api/v1/sessions', { params: { query } })))).sort((a, b) => Number(b.current) - Number(a.current)),
})

export const apiKeysQuery = queryOptions({ queryKey: ['api-keys'], queryFn: () => allOf((query) => unwrap(api.GET('/api/v1/api-keys', { params: { query } }))) })

export const budgetQuery = queryOptions({ queryKey: ['budget'], queryFn: () => unwrap(api.GET('/api/v1/budget')) })

/** What was used between two days, both counted. */
export const usageQuery = (from: string, to: string) => queryOptions({
  queryKey: ['usage', from, to],
  queryFn: () => unwrap(api.GET('/api/v1/usage', { params: { query: { from: from || undefined, to: to || undefined } } })),
})

/** Which entries of the audit log are wanted; what is empty does not count. */
export interface AuditFilter { user: string; action: string; target: string; from: string; to: string }

/** A filter as parameters of a request. */
export const auditParams = (f: AuditFilter) => ({ user: f.user || undefined, action: f.action || undefined, target: f.target.trim() || undefined, from: f.from || undefined, to: f.to || undefined })

export const auditActionsQuery = queryOptions({ queryKey: ['audit-actions'], queryFn: async () => (await unwrap(api.GET('/api/v1/audit/actions'))).actions, staleTime: Infinity })

export const auditQuery = (filter: AuditFilter) => infiniteQueryOptions({
  queryKey: ['audit', filter],
  queryFn: ({ pageParam }) => unwrap(api.GET('/api/v1/audit', { params: { query: { ...auditParams(filter), limit: 50, cursor: pageParam || undefined } } })),
  initialPageParam: '',
  getNextPageParam: (last) => last.next_cursor || undefined,
})
