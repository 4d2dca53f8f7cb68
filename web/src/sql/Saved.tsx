import { Badge, Button, Drawer, Group, Modal, Paper, SegmentedControl, Skeleton, Stack, Text, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { savedQueriesQuery, savedQueryQuery } from '../api/editor'
import type { SavedQuery } from '../api/types'
import { locale } from '../i18n'
import { ErrorNote } from '../parts/ErrorNote'
import { MakeAlert } from '../alerts/MakeAlert'
import { QueryForm } from './SaveButtons'

interface Props {
  connection: string
  opened: boolean
  onClose: () => void
  onOpen: (query: SavedQuery) => void
  /** The query that is open in the editor, and what became of it here. */
  current?: string
  onGone: () => void
  onChanged: (query: SavedQuery) => void
}

const WHOSE = ['all', 'mine', 'others'] as const
type Whose = (typeof WHOSE)[number]

/** The saved queries of a database: one's own, and those that others share. */
export function Saved({ connection, opened, onClose, onOpen, current, onGone, onChanged }: Props) {
  const { t } = useTranslation('sql')
  const queries = useQueryClient()
  const list = useQuery({ ...savedQueriesQuery(connection), enabled: opened })
  const [whose, setWhose] = useState<Whose>('all')
  const [wanted, setWanted] = useState('')
  const [editing, setEditing] = useState<SavedQuery | null>(null)
  const [removing, setRemoving] = useState<SavedQuery | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const word = wanted.trim().toLowerCase()
  const shown = list.data?.filter((q) => (whose === 'all' || q.mine === (whose === 'mine')) && `${q.name} ${q.description} ${q.sql}`.toLowerCase().includes(word))

  const refresh = (id: string) => {
    void queries.invalidateQueries({ queryKey: savedQueriesQuery(connection).queryKey })
    void queries.invalidateQueries({ queryKey: savedQueryQuery(id).queryKey })
  }
  const remove = async (query: SavedQuery) => {
    setError(null)
    try {
      await unwrap(api.DELETE('/api/v1/saved-queries/{id}', { params: { path: { id: query.id } } }))
      setRemoving(null)
      if (query.id === current) onGone()
      refresh(query.id)
    } catch (e) {
      setError(e as Error)
    }
  }
  return (
    <Drawer opened={opened} onClose={onClose} position="right" size="md" title={t('savedQueries')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      <Stack gap="sm">
        <SegmentedControl aria-label={t('whose.label')} value={whose} onChange={(v) => setWhose(v as Whose)} data={WHOSE.map((value) => ({ value, label: t(`whose.${value}`) }))} />
        <TextInput aria-label={t('find')} placeholder={t('find')} value={wanted} onChange={(e) => setWanted(e.target.value)} />
        <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
        {list.isLoading && <Skeleton h={120} aria-label={t('loading', { ns: 'parts' })} />}
        {shown?.length === 0 && <Text size="sm" c="dimmed">{t(list.data?.length ? 'noneMatch' : 'noneSaved')}</Text>}
        <Stack component="ul" className="plain-list" gap="xs">
          {shown?.map((query) => (
            <Paper key={query.id} component="li" withBorder p="sm">
              <Group justify="space-between" wrap="nowrap" align="start">
                <Text size="sm" fw={600} className="wrap">{query.name}</Text>
                {query.shared && <Badge variant="light" style={{ flexShrink: 0 }}>{t(query.mine ? 'shared' : 'sharedByOther')}</Badge>}
              </Group>
              {query.description && <Text size="sm" className="wrap">{query.description}</Text>}
              <Text size="xs" c="dimmed" ff="monospace" lineClamp={2}>{query.sql}</Text>
              <Text size="xs" c="dimmed">{t('changedAt', { when: new Date(query.updated_at).toLocaleString(locale(), { dateStyle: 'medium', timeStyle: 'short' }) })}</Text>
              <Group gap={4} mt={4}>
                <Button size="compact-xs" aria-label={t('openNamed', { name: query.name })} onClick={() => onOpen(query)}>{t('open')}</Button>
                <MakeAlert source={{ saved_query_id: query.id }} />
                {query.mine && <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setEditing(query)}>{t('rename')}</Button>}
                {query.mine && <Button size="compact-xs" variant="subtle" color="red" onClick={() => { setError(null); setRemoving(query) }}>{t('delete', { ns: 'parts' })}</Button>}
              </Group>
            </Paper>
          ))}
        </Stack>
      </Stack>
      <Modal opened={!!editing} onClose={() => setEditing(null)} title={t('renameTitle')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        {editing && <QueryForm initial={editing} onCancel={() => setEditing(null)} onSend={async ({ name, description, shared }) => {
          const query = await unwrap(api.PATCH('/api/v1/saved-queries/{id}', { params: { path: { id: editing.id } }, body: { name, description, shared } }))
          refresh(query.id)
          if (query.id === current) onChanged(query)
          setEditing(null)
        }} />}
      </Modal>
      <Modal opened={!!removing} onClose={() => setRemoving(null)} title={removing && t('deleteTitle', { name: removing.name })} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        {removing && <Stack>
          <Text size="sm">{t(removing.shared ? 'deleteShared' : 'deleteOwn')}</Text>
          <ErrorNote error={error} />
          <Group><Button color="red" onClick={() => void remove(removing)}>{t('delete', { ns: 'parts' })}</Button><Button variant="default" onClick={() => setRemoving(null)}>{t('cancel', { ns: 'parts' })}</Button></Group>
        </Stack>}
      </Modal>
    </Drawer>
  )
}
