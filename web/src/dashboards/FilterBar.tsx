import { Button, Group, MultiSelect, NativeSelect, NumberInput, Select, TagsInput, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { DashboardFilter, Values } from '../api/dashboards'
import { valueOf } from './values'

interface Props {
  filters: DashboardFilter[]
  values: Values
  onValues: (values: Values) => void
}

/** The values that the tiles share. They reach the databases beside the SQL, never in it. */
export function FilterBar({ filters, values, onValues }: Props) {
  const { t } = useTranslation('dashboards')
  if (!filters.length) return null
  return (
    <Group component="section" aria-label={t('filters.label')} gap="sm" align="end" className="filter-bar">
      {filters.map((f) => <FilterField key={`${f.name} ${JSON.stringify(valueOf(f, values))}`} filter={f} value={valueOf(f, values)} onChange={(value) => onValues({ ...values, [f.name]: value })} />)}
      {Object.keys(values).length > 0 && <Button variant="subtle" color="gray" size="sm" onClick={() => onValues({})}>{t('filters.reset')}</Button>}
    </Group>
  )
}

const INPUTS: Partial<Record<DashboardFilter['type'], string>> = { date: 'date', timestamp: 'datetime-local' }

/** A value in a field of its type; what is typed counts when the field is left, or with Enter. */
export function FilterField({ filter: f, value, onChange, label }: { filter: DashboardFilter; value: unknown; onChange: (value: unknown) => void; label?: string }) {
  const { t } = useTranslation('dashboards')
  const name = label ?? (f.label || f.name)
  const [text, setText] = useState(typeof value === 'string' || typeof value === 'number' ? String(value) : '')
  const choices = f.choices ?? []
  const take = () => {
    const next = text.trim()
    if (next !== (value == null ? '' : String(value))) onChange(next === '' ? null : f.type === 'number' ? Number(next) : next)
  }
  if (f.type === 'boolean') {
    return <NativeSelect label={name} value={value === null || value === undefined ? '' : String(value)} onChange={(e) => onChange(e.currentTarget.value === '' ? null : e.currentTarget.value === 'true')}
      data={[{ value: '', label: t('filters.any') }, { value: 'true', label: t('filters.yes') }, { value: 'false', label: t('filters.no') }]} />
  }
  if (f.type === 'list') {
    const list = Array.isArray(value) ? value.map(String) : []
    const send = (next: string[]) => onChange(next.length ? next : null)
    return choices.length
      ? <MultiSelect label={name} data={[...new Set([...choices, ...list])]} value={list} onChange={send} searchable clearable placeholder={list.length ? undefined : t('filters.any')} miw={200} comboboxProps={{ withinPortal: false }} />
      : <TagsInput label={name} value={list} onChange={send} acceptValueOnBlur placeholder={list.length ? undefined : t('filters.any')} miw={200} />
  }
  if (choices.length && f.type === 'text') {
    return <Select label={name} data={[...new Set([...choices, ...(text ? [text] : [])])]} value={text || null} onChange={onChange} searchable clearable placeholder={t('filters.any')} clearButtonProps={{ 'aria-label': t('filters.reset') }}
      comboboxProps={{ withinPortal: false }} />
  }
  const keys = { onBlur: take, onKeyDown: (e: React.KeyboardEvent) => { if (e.key === 'Enter') take() } }
  if (f.type === 'number') return <NumberInput label={name} value={text} onChange={(v) => setText(String(v))} hideControls placeholder={t('filters.any')} w={140} {...keys} />
  return <TextInput label={name} type={INPUTS[f.type] ?? 'text'} value={text} onChange={(e) => setText(e.target.value)} placeholder={t('filters.any')} {...keys} />
}
