import { Anchor, Button, Card, Group, Select, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { api, newKey, unwrap } from '../api/client'
import { connectionsQuery, conversationsQuery, meQuery, questionsQuery, suggestionsQuery } from '../api/queries'
import { AskBox } from './AskBox'
import { ErrorNote } from '../parts/ErrorNote'
import { loadConversation } from '../answer/load'
import { plannerName } from '../answer/question'

/** Where a conversation begins: a connection, three questions, a box. */
export function Ask() {
  const { t } = useTranslation('ask')
  const navigate = useNavigate()
  const { q, connection: wanted } = useSearch({ strict: false }) as { q?: string; connection?: string }
  const queries = useQueryClient()
  const me = useQuery(meQuery)
  const connections = useQuery(connectionsQuery)
  const [chosen, setChosen] = useState<string | null>(wanted ?? null)
  const [error, setError] = useState<Error | null>(null)
  const [asking, setAsking] = useState('')
  const items = connections.data ?? []
  const connection = items.find((c) => c.id === chosen) ?? items.find((c) => c.sample) ?? items[0]
  const suggestions = useQuery({ ...suggestionsQuery(connection?.id ?? ''), enabled: !!connection })

  // Before the connections are known the API takes the one that the page would.
  const ask = async (question: string, key: string) => {
    setError(null)
    setAsking(question)
    try {
      const q = await unwrap(api.POST('/api/v1/questions', { params: { header: { 'Idempotency-Key': key } }, body: { connection_id: connection?.id, question } }))
      queries.setQueryData(questionsQuery(q.conversation_id).queryKey, [q])
      void queries.invalidateQueries({ queryKey: conversationsQuery.queryKey })
      await navigate({ to: '/conversations/$id', params: { id: q.conversation_id } })
    } catch (e) {
      setError(e as Error)
      setAsking('')
      throw e
    }
  }

  if (connections.data && !connection) return <NoConnection />
  return (
    <Stack maw={820} mx="auto" mt={{ base: 'md', sm: 64 }} gap="lg" onInput={() => void loadConversation()} onPointerDown={() => void loadConversation()}>
      <Title order={1} size="h2">{t('title')}</Title>
      <AskBox key={q} initial={q} onAsk={ask} disabled={!!asking} autoFocus />
      <ErrorNote error={error ?? connections.error} />
      <Group gap="sm">
        <Select aria-label={t('database')} data={items.map((c) => ({ value: c.id, label: c.name }))} value={connection?.id ?? null} onChange={setChosen} allowDeselect={false} />
        {me.data && <Text size="sm" c="dimmed">{t('answeredBy', { planner: plannerName(me.data.features.planner) })}</Text>}
      </Group>
      <SimpleGrid cols={{ base: 1, sm: 3 }} aria-label={t('startWith')}>
        {suggestions.isPending && connection && [1, 2, 3].map((n) => <Skeleton key={n} h={72} />)}
        {suggestions.data?.slice(0, 3).map((question) => (
          <Card key={question} withBorder component="button" type="button" className="suggestion" disabled={!!asking}
            onClick={() => void ask(question, newKey()).catch(() => undefined)} data-testid="suggestion">
            <Text size="sm">{question}</Text>
          </Card>
        ))}
      </SimpleGrid>
      <ErrorNote error={suggestions.error} onRetry={() => void suggestions.refetch()} />
      <Text size="sm" c="dimmed"><Trans t={t} i18nKey="connectOwn" components={{ page: <Anchor component={Link} to="/connections" underline="always" inherit /> }} /></Text>
    </Stack>
  )
}

function NoConnection() {
  const { t } = useTranslation('ask')
  return (
    <Stack maw={640} mx="auto" mt="xl">
      <Title order={1} size="h2">{t('connectFirst')}</Title>
      <Text>{t('whatItDoes')}</Text>
      <Button component={Link} to="/connections" w="fit-content">{t('connect')}</Button>
    </Stack>
  )
}
