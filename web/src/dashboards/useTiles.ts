import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { api, unwrap } from '../api/client'
import type { Dashboard, TileState, Values } from '../api/dashboards'
import { follow } from '../live/socket'

/** How old results may be when a dashboard is opened that is not refreshed by itself. */
const FRESH_SECONDS = 600
const POLL_MS = 1500
const POLL_CONNECTED_MS = 8000
/** Events that come together are read together. */
const GATHER_MS = 120

interface Tiles {
  states: Map<string, TileState>
  error: Error | null
  refreshing: boolean
  refresh: (tiles?: string[]) => void
}

/**
 * Where the tiles' results stand: read again when they are too old, and while somebody looks as often as the dashboard
 * says. What is ready is told by the socket; while there is none, it is asked for.
 */
export function useTiles(dashboard: Dashboard, values: Values): Tiles {
  const queries = useQueryClient()
  const { id, version, refresh_seconds: seconds = 0 } = dashboard
  const key = ['tiles', id, version, values]
  const keyText = JSON.stringify(key)
  const [connected, setConnected] = useState(true)
  const [failed, setFailed] = useState<Error | null>(null)
  const params = { path: { id } }
  const read = useQuery({
    queryKey: key,
    queryFn: async () => (await unwrap(api.POST('/api/v1/dashboards/{id}/refresh', { params, body: { values, max_age_seconds: seconds || FRESH_SECONDS } }))).tiles,
    refetchInterval: seconds ? seconds * 1000 : false,
    staleTime: 10_000,
  })
  const look = useCallback(async () => {
    const found = await unwrap(api.POST('/api/v1/dashboards/{id}/results', { params: { path: { id } }, body: { values } })).catch(() => null)
    if (found) queries.setQueryData(JSON.parse(keyText) as unknown[], found.tiles)
    // values are in the key
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [id, keyText, queries])

  const gather = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => {
    const later = () => { clearTimeout(gather.current); gather.current = setTimeout(() => void look(), GATHER_MS) }
    const leave = follow(id, ({ type }) => { if (type === 'tile' || type === 'snapshot') later() }, setConnected, 'dashboards')
    return () => { leave(); clearTimeout(gather.current) }
  }, [id, look])

  const refreshing = read.data?.some((s) => s.status === 'refreshing') ?? false
  useEffect(() => {
    if (!refreshing) return
    const timer = setInterval(() => void look(), connected ? POLL_CONNECTED_MS : POLL_MS)
    return () => clearInterval(timer)
  }, [refreshing, connected, look])

  const refresh = (tiles?: string[]) => {
    setFailed(null)
    unwrap(api.POST('/api/v1/dashboards/{id}/refresh', { params, body: { values, tiles } }))
      .then((found) => queries.setQueryData(key, found.tiles), (e: Error) => setFailed(e))
  }
  return { states: new Map((read.data ?? []).map((s) => [s.tile_id, s])), error: failed ?? read.error, refreshing, refresh }
}
