import { Loader, Stack, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { call, keys } from '../api/client'
import type { Conversation as Thread, Page, Question } from '../api/types'
import { Answer } from '../parts/Answer'
import { AskBox } from '../parts/AskBox'
import { ErrorNote } from '../parts/ErrorNote'

/** A thread of questions and their answers. */
export function Conversation() {
  const { id } = useParams({ strict: false }) as { id: string }
  const queries = useQueryClient()
  const [error, setError] = useState<Error | null>(null)
  const thread = useQuery({ queryKey: [...keys.conversations, id], queryFn: () => call<Thread>('GET', `/conversations/${id}`) })
  const questions = useQuery({
    queryKey: keys.questions(id),
    queryFn: () => call<Page<Question>>('GET', `/conversations/${id}/questions?limit=100`),
  })

  const ask = async (question: string, key: string) => {
    setError(null)
    try {
      await call<Question>('POST', `/conversations/${id}/questions`, { question }, key)
      await queries.invalidateQueries({ queryKey: keys.questions(id) })
    } catch (e) {
      setError(e as Error)
      throw e
    }
  }

  if (questions.isLoading) return <Loader m="xl" aria-label="Loading" />
  return (
    <Stack maw={1000} mx="auto" gap="lg">
      <Title order={1} size="h4">{thread.data?.title}</Title>
      <ErrorNote error={questions.error ?? thread.error} />
      {[...(questions.data?.items ?? [])]
        .sort((a, b) => a.created_at.localeCompare(b.created_at))
        .map((q) => <Answer key={q.id} question={q} />)}
      {questions.data && <AskBox onAsk={ask} placeholder="Ask a follow-up" />}
      <ErrorNote error={error} />
    </Stack>
  )
}
