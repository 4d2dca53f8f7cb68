import { Button, Card, Group, Loader, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { catalogQuery, suggestionsQuery } from '../api/queries'
import type { Connection } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'

/** A new connection: its structure is being read; then what can be asked of it. */
export function Connected({ connection: c, onDone }: { connection: Connection; onDone: () => void }) {
  const { t } = useTranslation('connections')
  const navigate = useNavigate()
  const catalog = useQuery(catalogQuery(c.id))
  const suggestions = useQuery({ ...suggestionsQuery(c.id), enabled: !!catalog.data })
  const ask = (q?: string) => {
    onDone()
    void navigate({ to: '/', search: { q, connection: c.id } })
  }
  return (
    <Stack>
      <Title order={3} size="h5" className="wrap">{t('connected.title', { name: c.name })}</Title>
      <div role="status">
        {catalog.isPending && <Group gap="xs"><Loader size="xs" /><Text size="sm">{t('connected.reading')}</Text></Group>}
        {catalog.data && <Text size="sm">{t('connected.read', { count: catalog.data.tables.length })}</Text>}
      </div>
      {catalog.isError && <><Text size="sm" fw={600}>{t('connected.failed')}</Text><ErrorNote error={catalog.error} onRetry={() => void catalog.refetch()} /></>}
      {!!suggestions.data?.length && <Text size="sm">{t('connected.try')}</Text>}
      {suggestions.data?.slice(0, 3).map((q) => (
        <Card key={q} withBorder p="sm" component="button" type="button" className="suggestion" data-testid="suggestion" onClick={() => ask(q)}><Text size="sm">{q}</Text></Card>
      ))}
      <Group><Button onClick={() => ask()}>{t('connected.ask')}</Button><Button variant="default" onClick={onDone}>{t('connected.done')}</Button></Group>
    </Stack>
  )
}
