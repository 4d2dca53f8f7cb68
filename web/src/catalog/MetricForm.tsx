import { Button, Group, Stack, Textarea, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import type { Metric } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { TableSelect } from './TableSelect'
import { useSave } from './useSave'

/** Adds or changes a metric. */
export function MetricForm({ connection, metric, onDone }: { connection: string; metric?: Metric; onDone: () => void }) {
  const { t } = useTranslation('catalog')
  const [form, setForm] = useState({
    name: metric?.name ?? '', description: metric?.description ?? '', schema: metric?.schema ?? '', table: metric?.table ?? '',
    expression: metric?.expression ?? '', filter: metric?.filter ?? '',
  })
  const { save, busy, error } = useSave(connection, onDone)
  const send = (event: FormEvent) => {
    event.preventDefault()
    void save(() => (metric
      ? unwrap(api.PUT('/api/v1/metrics/{id}', { params: { path: { id: metric.id } }, body: form }))
      : unwrap(api.POST('/api/v1/connections/{id}/metrics', { params: { path: { id: connection } }, body: form }))))
  }
  const sql = (key: 'expression' | 'filter', required: boolean) => (
    <Textarea label={t(key)} description={t(`${key}Help`)} required={required} maxLength={2000} autosize minRows={1} maxRows={6} ff="monospace"
      value={form[key]} onChange={(e) => setForm({ ...form, [key]: e.target.value })} />
  )
  return (
    <form onSubmit={send}>
      <Stack>
        <TextInput data-autofocus label={t('metric')} required maxLength={60} value={form.name} onChange={(e) => setForm({ ...form, name: e.target.value })} />
        <Textarea label={t('metricMeaning')} maxLength={2000} autosize minRows={1} maxRows={6} value={form.description} onChange={(e) => setForm({ ...form, description: e.target.value })} />
        <TableSelect connection={connection} required value={form} onChange={(table) => setForm({ ...form, ...table })} />
        {sql('expression', true)}
        {sql('filter', false)}
        <ErrorNote error={error} />
        <Group><Button type="submit" loading={busy} disabled={!form.table}>{t('save', { ns: 'parts' })}</Button><Button variant="default" onClick={onDone}>{t('cancel', { ns: 'parts' })}</Button></Group>
      </Stack>
    </form>
  )
}
