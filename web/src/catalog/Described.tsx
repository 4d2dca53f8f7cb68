import { Button, Group, Stack, TagsInput, Text, Textarea } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import type { NoteInput } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { useSave } from './useSave'

type Note = NoteInput & { description: string; synonyms: string[] }

/** What people say of a table or a column, changed in its place. */
export function Described({ connection, note, mayWrite }: { connection: string; note: Note; mayWrite: boolean }) {
  const { t } = useTranslation('catalog')
  const [editing, setEditing] = useState(false)
  const name = note.column ?? note.table
  if (editing) return <NoteForm connection={connection} note={note} onDone={() => setEditing(false)} />
  return (
    <div>
      {note.description && <Text size="sm" className="wrap">{note.description}</Text>}
      <Group gap="xs">
        {note.synonyms.length > 0 && <Text size="xs" c="dimmed" className="wrap">{t('alsoCalled', { names: note.synonyms.join(', ') })}</Text>}
        {mayWrite && <Button size="compact-xs" variant="subtle" color="gray" fw={400} c="dimmed" ml={note.synonyms.length ? 0 : -8} aria-label={t('editOf', { name })} onClick={() => setEditing(true)}>{t('edit')}</Button>}
      </Group>
    </div>
  )
}

function NoteForm({ connection, note, onDone }: { connection: string; note: Note; onDone: () => void }) {
  const { t } = useTranslation('catalog')
  const [description, setDescription] = useState(note.description)
  const [synonyms, setSynonyms] = useState(note.synonyms)
  const { save, busy, error } = useSave(connection, onDone)
  const send = () => save(() => unwrap(api.PUT('/api/v1/connections/{id}/notes', { params: { path: { id: connection } }, body: { ...note, description, synonyms } })))
  return (
    <form onSubmit={(e) => { e.preventDefault(); void send() }} onKeyDown={(e) => { if (e.key === 'Escape') onDone() }}>
      <Stack gap="xs" maw={560}>
        <Textarea autoFocus label={t('describe')} autosize minRows={2} maxRows={8} maxLength={2000} value={description} onChange={(e) => setDescription(e.target.value)} />
        <TagsInput label={t('synonyms')} description={t('synonymsHelp')} maxTags={20} value={synonyms} onChange={setSynonyms} acceptValueOnBlur />
        <ErrorNote error={error} />
        <Group gap="xs"><Button size="xs" type="submit" loading={busy}>{t('save', { ns: 'parts' })}</Button><Button size="xs" variant="default" onClick={onDone}>{t('cancel', { ns: 'parts' })}</Button></Group>
      </Stack>
    </form>
  )
}
