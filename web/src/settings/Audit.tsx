import { Button, Group, Menu, Paper, Select, SimpleGrid, Skeleton, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { auditActionsQuery, type AuditFilter, auditParams, auditQuery, membersQuery } from '../api/queries'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'
import { grouped, useActionWords } from './actions'
import { AuditEntry } from './AuditEntry'
import { Section } from './Section'

const ALL: AuditFilter = { user: '', action: '', target: '', from: '', to: '' }

/** Who did what, latest first: chosen, in full, and as a file. */
export function Audit() {
  const { t } = useTranslation('settings')
  const [filter, setFilter] = useState(ALL)
  const [asked] = useDebouncedValue(filter, 300) // the target is typed
  const list = useInfiniteQuery({ ...auditQuery(asked), placeholderData: keepPreviousData })
  const entries = list.data?.pages.flatMap((p) => p.items)
  const set = (change: Partial<AuditFilter>) => setFilter((f) => ({ ...f, ...change }))
  const chosen = Object.values(filter).some(Boolean)
  return (
    <Section title={t('section.audit')} about={t('audit.about')} action={<Export filter={filter} />}>
      <Filters filter={filter} set={set} />
      {chosen && <Button size="compact-sm" variant="subtle" w="fit-content" onClick={() => setFilter(ALL)}>{t('audit.clear')}</Button>}
      <ErrorNote error={list.error} onRetry={() => void list.refetch()} />
      {list.isLoading && <Skeleton h={240} aria-label={t('loading', { ns: 'parts' })} />}
      {entries?.length === 0 && <Text size="sm">{t('audit.none')}</Text>}
      {!!entries?.length && !list.error && (
        <Paper withBorder component="ul" className="plain-list rows" style={list.isPlaceholderData ? { opacity: 0.5 } : undefined}>{entries.map((e) => <AuditEntry key={e.id} entry={e} onFilter={set} />)}</Paper>
      )}
      {list.hasNextPage && <Button variant="default" w="fit-content" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('audit.older')}</Button>}
    </Section>
  )
}

function Filters({ filter, set }: { filter: AuditFilter; set: (change: Partial<AuditFilter>) => void }) {
  const { t } = useTranslation('settings')
  const words = useActionWords()
  const members = useQuery(membersQuery)
  const actions = useQuery(auditActionsQuery)
  const people = (members.data ?? []).map((m) => ({ value: m.user_id, label: m.name ? `${m.name} (${m.email})` : m.email }))
  if (filter.user && !people.some((p) => p.value === filter.user)) people.push({ value: filter.user, label: filter.user }) // has left
  return (
    <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm" role="group" aria-label={t('audit.filters')}>
      <Select label={t('audit.who')} placeholder={t('audit.everybody')} data={people} value={filter.user || null} onChange={(v) => set({ user: v ?? '' })} searchable clearable clearButtonProps={{ 'aria-label': t('audit.clear') }} />
      <Select label={t('audit.action')} placeholder={t('audit.every')} searchable clearable value={filter.action || null} onChange={(v) => set({ action: v ?? '' })} clearButtonProps={{ 'aria-label': t('audit.clear') }}
        data={grouped(actions.data ?? []).map(({ group, items }) => ({ group, items: items.map((value) => ({ value, label: value.endsWith('.') ? t('audit.allOf', { what: group }) : words(value) })) }))} />
      <Group grow gap="sm">
        <TextInput type="date" label={t('from')} value={filter.from} max={filter.to || undefined} onChange={(e) => set({ from: e.target.value })} />
        <TextInput type="date" label={t('to')} value={filter.to} min={filter.from || undefined} onChange={(e) => set({ to: e.target.value })} />
      </Group>
      <TextInput label={t('audit.target')} placeholder="0199c3f2-…" maxLength={100} value={filter.target} onChange={(e) => set({ target: e.target.value })} />
    </SimpleGrid>
  )
}

/** The chosen entries as a file. The browser fetches it by itself, however long it is: so the session is renewed, and the filter checked, before. */
function Export({ filter }: { filter: AuditFilter }) {
  const { t } = useTranslation('settings')
  const query = auditParams(filter)
  const save = useAct(async (format: 'csv' | 'jsonl') => {
    await unwrap(api.GET('/api/v1/audit', { params: { query: { ...query, limit: 1 } } }))
    const address = new URLSearchParams({ format })
    for (const [name, value] of Object.entries(query)) if (value) address.set(name, value)
    Object.assign(document.createElement('a'), { href: `/api/v1/audit/export?${address}`, download: '' }).click()
  }, [])
  return (
    <div>
      <Menu position="bottom-end">
        <Menu.Target><Button variant="default" loading={save.isPending}>{t('audit.export')}</Button></Menu.Target>
        <Menu.Dropdown><Menu.Item onClick={() => save.mutate('csv')}>CSV</Menu.Item><Menu.Item onClick={() => save.mutate('jsonl')}>JSON Lines</Menu.Item></Menu.Dropdown>
      </Menu>
      <ErrorNote error={save.error} />
    </div>
  )
}
