import { Alert, Button, Group, Loader, Text } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { catalogKey, catalogStateQuery } from '../api/catalog'
import { api, unwrap } from '../api/client'
import { meQuery } from '../api/queries'
import { locale } from '../i18n'
import { ErrorNote } from '../parts/ErrorNote'

const LOOK_AGAIN_MS = 1000

/** How the reading of the structure goes; those who may, have it read again. */
export function Reading({ connection }: { connection: string }) {
  const { t } = useTranslation('catalog')
  const queries = useQueryClient()
  const me = useQuery(meQuery)
  const [error, setError] = useState<Error | null>(null)
  const [asked, setAsked] = useState<string | null>(null) // when the reading began that was the last before one's own
  const state = useQuery({
    ...catalogStateQuery(connection),
    refetchInterval: (q) => (q.state.data?.status === 'reading' || asked === (q.state.data?.started_at ?? '') ? LOOK_AGAIN_MS : false),
  })
  const reading = state.data?.status === 'reading' || asked === (state.data?.started_at ?? '')

  // What was read of the structure before is not what it is now.
  const taken = state.data?.taken_at
  const before = useRef(taken)
  useEffect(() => {
    if (before.current !== taken && before.current !== undefined) void queries.invalidateQueries({ queryKey: catalogKey(connection) })
    before.current = taken
  }, [taken, connection, queries])
  const known = useRef(reading)
  useEffect(() => {
    if (known.current && !reading) void queries.invalidateQueries({ queryKey: catalogKey(connection) })
    known.current = reading
  }, [reading, connection, queries])

  const again = () => {
    setError(null)
    unwrap(api.POST('/api/v1/connections/{id}/catalog/sync', { params: { path: { id: connection } } }))
      .then(() => { setAsked(state.data?.started_at ?? ''); return state.refetch() })
      .catch((e: Error) => setError(e))
  }
  return (
    <>
      <Group gap="sm" justify="space-between">
        <Group gap="xs" role="status" data-testid="reading" data-status={reading ? 'reading' : state.data?.status}>
          {reading && <Loader size="xs" />}
          <Text size="sm" c="dimmed">
            {reading && `${t('reading')} `}
            {taken && `${t('count', { count: state.data?.tables ?? 0 })} · ${t('readAt', { when: new Date(taken).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'short' }) })}`}
          </Text>
        </Group>
        {me.data?.permissions.includes('catalog.sync') && <Button size="xs" variant="default" loading={reading} onClick={again}>{t('readAgain')}</Button>}
      </Group>
      {!reading && state.data?.status === 'failed' && <Alert color="red" title={t('notRead')}><Text size="sm" className="wrap">{state.data.message}</Text></Alert>}
      <ErrorNote error={error ?? state.error} onRetry={error ? again : () => void state.refetch()} />
    </>
  )
}
