import { queryOptions } from '@tanstack/react-query'
import { api, unwrap } from './client'
import type { Completion, Parameter, SavedQuery } from './types'

/** What the SQL page reads, each with its key. */
export const completionQuery = (connection: string) => queryOptions({
  queryKey: ['catalog', connection, 'completion'],
  queryFn: () => unwrap(api.GET('/api/v1/connections/{id}/completion', { params: { path: { id: connection } } })) as Promise<Completion>,
  staleTime: 5 * 60_000,
})

/** The guard's verdict on SQL. */
export const checkQuery = (connection: string, sql: string, parameters: Parameter[]) => queryOptions({
  queryKey: ['catalog', connection, 'check', sql, parameters],
  queryFn: ({ signal }) => unwrap(api.POST('/api/v1/connections/{id}/sql/check', { params: { path: { id: connection } }, body: { sql, parameters }, signal })),
  staleTime: 60_000,
  gcTime: 60_000,
})

/** A run of this visit. */
export const sqlRunQuery = (id: string) => queryOptions({
  queryKey: ['sql-run', id],
  queryFn: () => unwrap(api.GET('/api/v1/questions/{id}', { params: { path: { id } } })),
})

/** All saved queries of a database that one may see, changed last first. */
export const savedQueriesQuery = (connection: string) => queryOptions({
  queryKey: ['saved-queries', connection],
  queryFn: async () => {
    const all: SavedQuery[] = []
    for (let cursor = ''; ;) {
      const page = await unwrap(api.GET('/api/v1/saved-queries', { params: { query: { connection_id: connection, limit: 200, cursor: cursor || undefined } } }))
      all.push(...page.items)
      cursor = page.next_cursor
      if (!cursor) return all
    }
  },
})

export const savedQueryQuery = (id: string) => queryOptions({
  queryKey: ['saved-query', id],
  queryFn: () => unwrap(api.GET('/api/v1/saved-queries/{id}', { params: { path: { id } } })),
})

/** Tables by their name where bare names are looked up first, else with their schema. */
export function completionOf({ schemas, tables }: Completion): Record<string, string[]> {
  return Object.fromEntries(tables.map((t) => [t.schema === schemas[0] ? t.name : `${t.schema}.${t.name}`, t.columns.map((c) => c.name)]))
}
