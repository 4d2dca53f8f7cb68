import { Skeleton, Stack } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, newKey, unwrap } from '../api/client'
import { conversationQuery, conversationsQuery, meQuery, questionsQuery } from '../api/queries'
import { AskBox } from '../ask/AskBox'
import { ErrorNote } from '../parts/ErrorNote'
import { Answer, type Ask } from './Answer'
import { ConversationHead } from './ConversationHead'

/** A thread of questions and their answers. */
export function Conversation() {
  const { id } = useParams({ strict: false }) as { id: string }
  return <Thread key={id} id={id} />
}

function Thread({ id }: { id: string }) {
  const { t } = useTranslation('answer')
  const queries = useQueryClient()
  const [error, setError] = useState<Error | null>(null)
  const me = useQuery(meQuery)
  const thread = useQuery(conversationQuery(id))
  const questions = useQuery(questionsQuery(id))
  const last = useRef<HTMLDivElement>(null)
  const count = questions.data?.length ?? 0
  const asked = useRef(false)
  const mine = !!me.data && thread.data?.user_id === me.data.user.id
  const mayAsk = mine && me.data.permissions.includes('ask')

  useEffect(() => {
    if (asked.current) void last.current?.scrollIntoView({ block: 'start', behavior: 'smooth' })
    asked.current = false
  }, [count])
  // A copied link leads to its question.
  useEffect(() => {
    if (count) void document.getElementById(location.hash.slice(1))?.scrollIntoView({ block: 'start' })
  }, [count])

  const ask = async (question: string, key: string, how?: Parameters<Ask>[1]) => {
    setError(null)
    try {
      const q = await unwrap(api.POST('/api/v1/conversations/{id}/questions', { params: { path: { id }, header: { 'Idempotency-Key': key } }, body: { question, ...how } }))
      asked.current = true
      queries.setQueryData(questionsQuery(id).queryKey, (all = []) => (all.some((o) => o.id === q.id) ? all : [...all, q]))
      void queries.invalidateQueries({ queryKey: conversationsQuery.queryKey })
    } catch (e) {
      setError(e as Error)
      throw e
    }
  }
  const again: Ask = (question, how) => void ask(question, newKey(), how).catch(() => undefined)

  return (
    <Stack maw={1000} mx="auto" gap="lg">
      {thread.data && <ConversationHead conversation={thread.data} mine={mine} />}
      <ErrorNote error={questions.error ?? thread.error} onRetry={() => { void questions.refetch(); void thread.refetch() }} />
      {questions.isLoading && <Skeleton h={240} aria-label={t('loading', { ns: 'parts' })} />}
      {questions.data?.map((q, i) => (
        <div key={q.id} ref={i === count - 1 ? last : undefined}><Answer question={q} ask={mayAsk ? again : undefined} last={i === count - 1} /></div>
      ))}
      {questions.data && mayAsk && <AskBox onAsk={ask} placeholder={t('followUp', { ns: 'ask' })} />}
      <ErrorNote error={error} />
    </Stack>
  )
}
