import { api, Problem, unwrap } from '../api/client'
import type { LiveEvent } from './reducer'

const WAITS_MS = [300, 1000, 2000, 4000]

/** The server closes with it when the access token has run out. */
const SIGNED_OUT = 4401

const ROWS = {
  questions: (id: string) => unwrap(api.GET('/api/v1/questions/{id}', { params: { path: { id } } })),
  dashboards: (id: string) => unwrap(api.GET('/api/v1/dashboards/{id}', { params: { path: { id } } })),
}

/**
 * Follows a question's, or a dashboard's, events until the returned function is called. A socket that breaks is opened again after
 * the last event; while none can be opened, the row is read instead, and connected is told. Leaving only detaches: the run goes on.
 */
export function follow(id: string, take: (event: LiveEvent) => void, connected: (on: boolean) => void = () => {}, what: keyof typeof ROWS = 'questions'): () => void {
  let closed = false
  let socket: WebSocket | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let after = ''

  const open = () => {
    if (closed) return
    let opened = false
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    socket = new WebSocket(`${scheme}://${location.host}/api/v1/${what}/${id}/events?after=${after}`)
    socket.onopen = () => { opened = true; connected(true) }
    socket.onmessage = (message) => {
      failures = 0
      const event = JSON.parse(String(message.data)) as LiveEvent
      if (event.id) after = event.id
      take(event)
    }
    socket.onclose = ({ code }) => {
      if (closed) return
      if (failures > 0) connected(false) // one that breaks is mostly back before anybody notices
      const wait = WAITS_MS[Math.min(failures++, WAITS_MS.length - 1)]
      timer = setTimeout(() => void reopen(opened && code !== SIGNED_OUT), code === SIGNED_OUT && failures === 1 ? 0 : wait)
    }
  }
  // A refused handshake does not say why; reading the row does, and renews the session on the way.
  const reopen = async (sound: boolean) => {
    if (!sound) {
      try {
        const row = await ROWS[what](id)
        if (!closed) take({ type: 'row', data: row })
      } catch (error) {
        if (error instanceof Problem && [401, 403, 404].includes(error.status)) return
        timer = setTimeout(() => void reopen(false), WAITS_MS[Math.min(failures++, WAITS_MS.length - 1)])
        return
      }
    }
    open()
  }
  open()
  return () => {
    closed = true
    clearTimeout(timer)
    socket?.close()
  }
}
