import { useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useReducer, useRef, useState } from 'react'
import { conversationsQuery, questionQuery, questionsQuery } from '../api/queries'
import type { Question } from '../api/types'
import { initial, isFinal, reduce, type Live } from './reducer'
import { follow } from './socket'

/**
 * Follows a question live. The second value takes over a row that was read; the third says whether events come, or
 * the row is read every few seconds instead.
 */
export function useLive(question: Question): [Live, (row: Question) => void, boolean] {
  const queries = useQueryClient()
  const [state, dispatch] = useReducer(reduce, question, initial)
  const { id, conversation_id: conversation, run } = state.question
  const following = !isFinal(state.question.status)
  const [connected, setConnected] = useState(true)
  const followed = useRef(false)

  useEffect(() => dispatch({ type: 'row', data: question }), [question])

  useEffect(() => {
    if (following) return follow(id, dispatch, setConnected)
  }, [id, following])

  // At the end the row says what events leave out: times, tokens, facts.
  useEffect(() => {
    if (following) {
      followed.current = true
      return
    }
    if (!followed.current) return
    followed.current = false
    void queries.invalidateQueries({ queryKey: conversationsQuery.queryKey })
    queries.fetchQuery({ ...questionQuery(id, run), staleTime: 0 }).then((row) => {
      queries.setQueryData(questionsQuery(conversation).queryKey, (all) => all?.map((q) => (q.id === id ? row : q)))
    }, () => {}) // it stays as the events told it
  }, [following, id, run, conversation, queries])

  const take = useCallback((row: Question) => dispatch({ type: 'row', data: row }), [])
  return [state, take, connected]
}
