import { Anchor, Badge, Button, Card, Group, Select, SimpleGrid, Stack, Text, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { call, keys } from '../api/client'
import { newKey } from '../api/key'
import type { Connection, Me, Page, Question } from '../api/types'
import { AskBox } from '../parts/AskBox'
import { ErrorNote } from '../parts/ErrorNote'

/** Where a conversation begins: a connection, three questions, a box. */
export function Ask() {
  const navigate = useNavigate()
  const queries = useQueryClient()
  const me = useQuery({ queryKey: keys.me, queryFn: () => call<Me>('GET', '/auth/me') })
  const connections = useQuery({ queryKey: keys.connections, queryFn: () => call<Page<Connection>>('GET', '/connections?limit=100') })
  const [chosen, setChosen] = useState<string | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const items = connections.data?.items ?? []
  const connection = items.find((c) => c.id === chosen) ?? items.find((c) => c.sample) ?? items[0]
  const suggestions = useQuery({
    queryKey: keys.suggestions(connection?.id ?? ''),
    queryFn: () => call<{ questions: string[] | null }>('GET', `/connections/${connection?.id}/suggestions`),
    enabled: !!connection,
  })

  const ask = async (question: string, key: string) => {
    if (!connection) return
    setError(null)
    try {
      const q = await call<Question>('POST', '/questions', { connection_id: connection.id, question }, key)
      await queries.invalidateQueries({ queryKey: keys.conversations })
      await navigate({ to: '/conversations/$id', params: { id: q.conversation_id } })
    } catch (e) {
      setError(e as Error)
      throw e
    }
  }

  if (connections.data && !connection) {
    return <Stack maw={640} mx="auto" mt="xl"><Title order={1} size="h2">Connect a database first</Title><Button component={Link} to="/connections" w="fit-content">Connect a database</Button></Stack>
  }
  return (
    <Stack maw={820} mx="auto" mt={{ base: 'md', sm: 64 }} gap="lg">
      <Title order={1} size="h2">What would you like to know?</Title>
      <AskBox onAsk={ask} disabled={!connection} autoFocus />
      <ErrorNote error={error ?? connections.error} />
      <Group gap="xs">
        <Select aria-label="Database" data={items.map((c) => ({ value: c.id, label: c.name }))} value={connection?.id ?? null} onChange={setChosen} allowDeselect={false} />
        {me.data && <Badge variant="light" color="gray">answered by {me.data.features.planner === 'builtin' ? 'the built-in planner' : me.data.features.planner}</Badge>}
      </Group>
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        {suggestions.data?.questions?.slice(0, 3).map((question) => (
          <Card key={question} withBorder component="button" type="button" style={{ cursor: 'pointer', textAlign: 'left' }}
            onClick={() => void ask(question, newKey()).catch(() => undefined)}>
            <Text size="sm">{question}</Text>
          </Card>
        ))}
      </SimpleGrid>
      <Text size="sm" c="dimmed"><Anchor component={Link} to="/connections">Connect your own database</Anchor> to ask about your company’s data.</Text>
    </Stack>
  )
}
