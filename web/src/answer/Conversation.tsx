import { Button, Group, Modal, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, newKey, unwrap } from '../api/client'
import { conversationQuery, conversationsQuery, questionsQuery } from '../api/queries'
import { Answer } from './Answer'
import { AskBox } from '../ask/AskBox'
import { ErrorNote } from '../parts/ErrorNote'

/** A thread of questions and their answers. */
export function Conversation() {
  const { id } = useParams({ strict: false }) as { id: string }
  return <Thread key={id} id={id} />
}

function Thread({ id }: { id: string }) {
  const { t } = useTranslation('answer')
  const queries = useQueryClient()
  const [error, setError] = useState<Error | null>(null)
  const thread = useQuery(conversationQuery(id))
  const questions = useQuery(questionsQuery(id))
  const last = useRef<HTMLDivElement>(null)
  const count = questions.data?.length ?? 0
  const asked = useRef(false)

  useEffect(() => {
    if (asked.current) last.current?.scrollIntoView({ block: 'start', behavior: 'smooth' })
    asked.current = false
  }, [count])

  const ask = async (question: string, key: string) => {
    setError(null)
    try {
      const q = await unwrap(api.POST('/api/v1/conversations/{id}/questions', { params: { path: { id }, header: { 'Idempotency-Key': key } }, body: { question } }))
      asked.current = true
      queries.setQueryData(questionsQuery(id).queryKey, (all = []) => (all.some((o) => o.id === q.id) ? all : [...all, q]))
      void queries.invalidateQueries({ queryKey: conversationsQuery.queryKey })
    } catch (e) {
      setError(e as Error)
      throw e
    }
  }
  const again = (question: string) => void ask(question, newKey()).catch(() => undefined)

  return (
    <Stack maw={1000} mx="auto" gap="lg">
      <Group justify="space-between" wrap="nowrap">
        <Title order={1} size="h5" c="dimmed" fw={500} className="wrap">{thread.data?.title ?? ' '}</Title>
        {thread.data && <DeleteButton id={id} />}
      </Group>
      <ErrorNote error={questions.error ?? thread.error} onRetry={() => { void questions.refetch(); void thread.refetch() }} />
      {questions.isLoading && <Skeleton h={240} aria-label={t('loading', { ns: 'parts' })} />}
      {questions.data?.map((q, i) => (
        <div key={q.id} ref={i === count - 1 ? last : undefined}><Answer question={q} onAgain={again} /></div>
      ))}
      {questions.data && <AskBox onAsk={ask} placeholder={t('followUp', { ns: 'ask' })} />}
      <ErrorNote error={error} />
    </Stack>
  )
}

function DeleteButton({ id }: { id: string }) {
  const { t } = useTranslation('answer')
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [asking, { open, close }] = useDisclosure(false)
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const remove = async () => {
    setBusy(true)
    try {
      await unwrap(api.DELETE('/api/v1/conversations/{id}', { params: { path: { id } } }))
      await navigate({ to: '/' })
      await queries.invalidateQueries({ queryKey: conversationsQuery.queryKey })
    } catch (e) {
      setError(e as Error)
      setBusy(false)
    }
  }
  return (
    <>
      <Button style={{ flexShrink: 0 }} size="compact-sm" variant="subtle" color="gray" onClick={open}>{t('delete')}</Button>
      <Modal opened={asking} onClose={close} title={t('deleteTitle')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        <Stack>
          <Text size="sm">{t('deleteText')}</Text>
          <ErrorNote error={error} />
          <Group><Button color="red" loading={busy} onClick={() => void remove()}>{t('delete')}</Button><Button variant="default" onClick={close}>{t('cancel', { ns: 'parts' })}</Button></Group>
        </Stack>
      </Modal>
    </>
  )
}
