import { Button, Group, Stack, Textarea, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import type { Term } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { TableSelect } from './TableSelect'
import { useSave } from './useSave'

/** Adds or changes a term. */
export function TermForm({ connection, term, onDone }: { connection: string; term?: Term; onDone: () => void }) {
  const { t } = useTranslation('catalog')
  const [form, setForm] = useState({ term: term?.term ?? '', meaning: term?.meaning ?? '', schema: term?.schema ?? '', table: term?.table ?? '', condition: term?.condition ?? '' })
  const { save, busy, error } = useSave(connection, onDone)
  const send = (event: FormEvent) => {
    event.preventDefault()
    void save(() => (term
      ? unwrap(api.PUT('/api/v1/terms/{id}', { params: { path: { id: term.id } }, body: form }))
      : unwrap(api.POST('/api/v1/connections/{id}/terms', { params: { path: { id: connection } }, body: form }))))
  }
  return (
    <form onSubmit={send}>
      <Stack>
        <TextInput data-autofocus label={t('term')} required maxLength={60} value={form.term} onChange={(e) => setForm({ ...form, term: e.target.value })} />
        <Textarea label={t('termMeaning')} required maxLength={2000} autosize minRows={2} maxRows={6} value={form.meaning} onChange={(e) => setForm({ ...form, meaning: e.target.value })} />
        <TableSelect connection={connection} value={form} onChange={(table) => setForm({ ...form, ...table })} />
        <Textarea label={t('condition')} description={t('conditionHelp')} maxLength={2000} autosize minRows={1} maxRows={6} ff="monospace" value={form.condition} onChange={(e) => setForm({ ...form, condition: e.target.value })} />
        <ErrorNote error={error} />
        <Group><Button type="submit" loading={busy}>{t('save', { ns: 'parts' })}</Button><Button variant="default" onClick={onDone}>{t('cancel', { ns: 'parts' })}</Button></Group>
      </Stack>
    </form>
  )
}
