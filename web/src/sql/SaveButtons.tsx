import { Button, Checkbox, Group, Modal, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { savedQueriesQuery } from '../api/editor'
import type { SavedQuery } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { type Field, toSave } from './parameters'

interface Props {
  connection: string
  sql: string
  fields: Field[]
  saved?: SavedQuery
  changed: boolean
  onSaved: (query: SavedQuery) => void
}

/** Save, into the query that is open where it is one's own, and Save as. */
export function SaveButtons({ connection, sql, fields, saved, changed, onSaved }: Props) {
  const { t } = useTranslation('sql')
  const queries = useQueryClient()
  const [naming, { open, close }] = useDisclosure(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const done = (query: SavedQuery) => {
    void queries.invalidateQueries({ queryKey: savedQueriesQuery(connection).queryKey })
    onSaved(query)
  }
  const save = async (id: string) => {
    setBusy(true)
    setError(null)
    try {
      done(await unwrap(api.PATCH('/api/v1/saved-queries/{id}', { params: { path: { id } }, body: { sql, parameters: toSave(fields) } })))
    } catch (e) {
      setError(e as Error)
    }
    setBusy(false)
  }
  const empty = !sql.trim()
  return (
    <>
      {saved?.mine && <Button variant="default" disabled={empty || !changed} loading={busy} onClick={() => void save(saved.id)}>{t('save', { ns: 'parts' })}</Button>}
      <Button variant="default" disabled={empty} onClick={open}>{t(saved ? 'saveAs' : 'saveNew')}</Button>
      <ErrorNote error={error} />
      <Modal opened={naming} onClose={close} title={t('saveTitle')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        <QueryForm initial={{ name: saved && !saved.mine ? saved.name : '', description: saved?.description ?? '', shared: false }} onCancel={close} onSend={async (words) => {
          done(await unwrap(api.POST('/api/v1/saved-queries', { body: { ...words, connection_id: connection, sql, parameters: toSave(fields) } })))
          close()
        }}>{fields.length > 0 && <Text size="xs" c="dimmed">{t('defaults')}</Text>}</QueryForm>
      </Modal>
    </>
  )
}

interface Words { name: string; description: string; shared: boolean }

/** What a saved query is called, and who sees it. */
export function QueryForm({ initial, onSend, onCancel, children }: { initial: Words; onSend: (words: Words) => Promise<void>; onCancel: () => void; children?: ReactNode }) {
  const { t } = useTranslation('sql')
  const [words, setWords] = useState(initial)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const send = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    await onSend(words).catch((e: Error) => { setError(e); setBusy(false) })
  }
  return (
    <form onSubmit={(e) => void send(e)}>
      <Stack>
        <TextInput data-autofocus label={t('name')} required maxLength={200} value={words.name} onChange={(e) => setWords({ ...words, name: e.target.value })} />
        <Textarea label={t('description')} maxLength={2000} autosize minRows={2} maxRows={6} value={words.description} onChange={(e) => setWords({ ...words, description: e.target.value })} />
        <Checkbox label={t('share')} checked={words.shared} onChange={(e) => setWords({ ...words, shared: e.currentTarget.checked })} />
        {children}
        <ErrorNote error={error} />
        <Group><Button type="submit" loading={busy} disabled={!words.name.trim()}>{t('save', { ns: 'parts' })}</Button><Button variant="default" onClick={onCancel}>{t('cancel', { ns: 'parts' })}</Button></Group>
      </Stack>
    </form>
  )
}
