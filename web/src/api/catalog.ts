import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, unwrap } from './client'
import type { VerifiedQuestion } from './types'

/**
 * What the catalog's pages read. All keys of a database begin alike: a new reading of its structure makes all of them
 * stale at once.
 */
export const catalogKey = (connection: string) => ['catalog', connection] as const

export const catalogStateQuery = (connection: string) => queryOptions({
  queryKey: [...catalogKey(connection), 'state'],
  queryFn: () => unwrap(api.GET('/api/v1/connections/{id}/catalog/state', { params: { path: { id: connection } } })),
})

/** The tables and how they are joined. */
export const relationsQuery = (connection: string) => queryOptions({
  queryKey: [...catalogKey(connection), 'relations'],
  queryFn: () => unwrap(api.GET('/api/v1/connections/{id}/catalog/relations', { params: { path: { id: connection } } })),
  staleTime: 60_000,
})

export const tableQuery = (connection: string, schema: string, name: string) => queryOptions({
  queryKey: [...catalogKey(connection), 'table', schema, name],
  queryFn: () => unwrap(api.GET('/api/v1/connections/{id}/catalog/tables/{schema}/{name}', { params: { path: { id: connection, schema, name } } })),
})

export const searchQuery = (connection: string, q: string, limit = 100) => queryOptions({
  queryKey: [...catalogKey(connection), 'search', q, limit],
  queryFn: async ({ signal }) =>
    (await unwrap(api.GET('/api/v1/connections/{id}/catalog/search', { params: { path: { id: connection }, query: { q, limit } }, signal }))).items,
  placeholderData: keepPreviousData,
})

/** What people say of the database: notes, glossary, metrics. */
export const notesQuery = (connection: string) => queryOptions({
  queryKey: [...catalogKey(connection), 'notes'],
  queryFn: () => unwrap(api.GET('/api/v1/connections/{id}/notes', { params: { path: { id: connection } } })),
})

/** Verified and proposed questions, newest first. */
export const verifiedQuery = (connection: string) => queryOptions({
  queryKey: ['verified-questions', connection],
  queryFn: async () => {
    const all: VerifiedQuestion[] = []
    for (let cursor = ''; ;) {
      const page = await unwrap(api.GET('/api/v1/verified-questions', { params: { query: { connection_id: connection, limit: 200, cursor: cursor || undefined } } }))
      all.push(...page.items)
      cursor = page.next_cursor
      if (!cursor) return all
    }
  },
})
