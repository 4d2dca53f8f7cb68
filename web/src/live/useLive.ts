import { useEffect, useReducer } from 'react'
import { call, ensureSession } from '../api/client'
import type { Question } from '../api/types'
import { initial, isFinal, reduce, type Live, type LiveEvent } from './reducer'

const RECONNECT_MS = [300, 1000, 3000, 10000]

/** Follows a question live. Where the socket cannot, the row is polled; leaving the page only detaches. */
export function useLive(question: Question): Live {
  const [state, dispatch] = useReducer(reduce, question, initial)
  const following = !isFinal(state.question.status)
  const id = question.id

  useEffect(() => {
    if (!following) return
    let closed = false
    let socket: WebSocket | undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    let failures = 0
    let after = ''

    const open = () => {
      if (closed) return
      const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
      socket = new WebSocket(`${scheme}://${location.host}/api/v1/questions/${id}/events?after=${encodeURIComponent(after)}`)
      socket.onmessage = (message) => {
        failures = 0
        const event = JSON.parse(String(message.data)) as LiveEvent
        if (event.id) after = event.id
        dispatch(event)
      }
      socket.onclose = () => {
        if (closed) return
        const wait = RECONNECT_MS[Math.min(failures++, RECONNECT_MS.length - 1)]
        timer = setTimeout(reopen, wait)
      }
    }
    const reopen = async () => {
      try {
        await ensureSession()
        const row = await call<Question>('GET', `/questions/${id}`)
        if (!closed) dispatch({ type: 'snapshot', data: row })
      } catch {
        // Offline: the next turn tries again.
      }
      open()
    }
    open()
    return () => {
      closed = true
      clearTimeout(timer)
      socket?.close()
    }
  }, [id, following])

  // Another page or an edit moved the row: take it over.
  useEffect(() => {
    if (question.run > state.question.run) dispatch({ type: 'snapshot', data: question })
  }, [question, state.question.run])

  return state
}
