import { Modal, Skeleton, Stack, Text, UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import type { Tile } from '../api/dashboards'
import { ErrorNote } from '../parts/ErrorNote'

/** Picks a saved query; the tile gets a copy of its SQL. */
export function SavedQueryPicker({ onPick, onClose }: { onPick: (tile: Omit<Tile, 'id' | 'x' | 'y' | 'w' | 'h' | 'order'>) => void; onClose: () => void }) {
  const { t } = useTranslation('dashboards')
  const saved = useQuery({ queryKey: ['saved-queries', 'all'], queryFn: async () => (await unwrap(api.GET('/api/v1/saved-queries', { params: { query: { limit: 200 } } }))).items })
  return (
    <Modal opened onClose={onClose} title={t('add.pickSaved')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      <Stack gap={4}>
        <ErrorNote error={saved.error} />
        {saved.isPending && <Skeleton h={120} aria-label={t('loading', { ns: 'parts' })} />}
        {saved.data?.length === 0 && <Text size="sm" c="dimmed">{t('add.none')}</Text>}
        {saved.data?.map((q) => (
          <UnstyledButton key={q.id} className="command" onClick={() => onPick({ kind: 'query', title: q.name, connection_id: q.connection_id, sql: q.sql, parameters: q.parameters, saved_query_id: q.id, view: 'auto' })}>
            <Text size="sm" fw={600}>{q.name}</Text>
            {q.description && <Text size="xs" c="dimmed" lineClamp={2}>{q.description}</Text>}
          </UnstyledButton>
        ))}
      </Stack>
    </Modal>
  )
}
