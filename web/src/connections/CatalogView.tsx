import { Accordion, Button, Group, Loader, Stack, Text, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { locale } from '../i18n'
import { api, unwrap } from '../api/client'
import { catalogQuery } from '../api/queries'
import type { Catalog, Table as DbTable } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'

const MAX_SHOWN = 200

/** What a database holds: tables and views, columns, comments, common values. */
export function CatalogView({ id, maySync }: { id: string; maySync: boolean }) {
  const { t } = useTranslation('connections')
  const queries = useQueryClient()
  const [search, setSearch] = useState('')
  const [opened, setOpened] = useState<string | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const [syncing, setSyncing] = useState('') // taken_at of the catalog that is being replaced
  const catalog = useQuery({ ...catalogQuery(id), refetchInterval: (q) => (syncing && q.state.data?.taken_at === syncing ? 1000 : false) })

  if (catalog.isPending) return <Group gap="xs" mt="sm"><Loader size="xs" /><Text size="sm">{t('reading')}</Text></Group>
  if (!catalog.data) return <ErrorNote error={catalog.error} onRetry={() => void catalog.refetch()} />
  const sync = () => {
    setError(null)
    unwrap(api.POST('/api/v1/connections/{id}/catalog/sync', { params: { path: { id } } }))
      .then(() => { setSyncing(catalog.data.taken_at); return queries.invalidateQueries({ queryKey: catalogQuery(id).queryKey }) })
      .catch((e: Error) => setError(e))
  }
  const tables = matching(catalog.data, search)
  return (
    <Stack mt="sm" gap="xs">
      <Group gap="xs">
        <TextInput aria-label={t('search')} placeholder={t('search')} style={{ flex: 1 }} value={search} onChange={(e) => setSearch(e.target.value)} />
        {maySync && <Button variant="default" loading={syncing === catalog.data.taken_at} onClick={sync}>{t('readAgain')}</Button>}
      </Group>
      <ErrorNote error={error} />
      <Text size="xs" c="dimmed">
        {t('count', { count: tables.length })}{tables.length > MAX_SHOWN && t('firstShown', { n: MAX_SHOWN })} · {t('read', { when: new Date(catalog.data.taken_at).toLocaleString(locale()) })}
      </Text>
      <Accordion variant="contained" value={opened} onChange={setOpened}>
        {tables.slice(0, MAX_SHOWN).map((t) => <TableItem key={nameOf(t)} table={t} open={opened === nameOf(t)} />)}
      </Accordion>
    </Stack>
  )
}

const nameOf = (t: DbTable) => `${t.schema}.${t.name}`

function matching(catalog: Catalog, search: string): DbTable[] {
  const wanted = search.trim().toLowerCase()
  return catalog.tables.filter((t) => `${nameOf(t)} ${t.columns.map((c) => c.name).join(' ')}`.toLowerCase().includes(wanted))
}

function TableItem({ table, open }: { table: DbTable; open: boolean }) {
  const { t } = useTranslation('connections')
  return (
    <Accordion.Item value={nameOf(table)}>
      <Accordion.Control>
        <Text size="sm" fw={600} className="wrap">{table.schema !== 'public' && `${table.schema}.`}{table.name} <Text span c="dimmed" size="xs">{table.kind}{table.rows >= 0 && ` · ${t('aboutRows', { n: table.rows.toLocaleString(locale()) })}`}</Text></Text>
        {table.comment && <Text size="xs" c="dimmed" className="wrap">{table.comment}</Text>}
      </Accordion.Control>
      <Accordion.Panel>
        {open && (
          <Stack gap="xs" component="ul" className="plain-list" aria-label={`Columns of ${table.name}`}>
            {table.columns.map((c) => (
              <li key={c.name}>
                <Text size="sm" className="wrap"><Text span fw={600} inherit>{c.name}</Text> <Text span c="dimmed" size="xs">{c.type}{table.primary_key.includes(c.name) && ` · ${t('key')}`}{references(t, table, c.name)}</Text></Text>
                {c.comment && <Text size="sm" className="wrap">{c.comment}</Text>}
                {c.values.length > 0 && <Text size="xs" c="dimmed" className="wrap">{t('suchAs', { values: c.values.slice(0, 8).join(', ') })}{c.values.length > 8 && ', …'}</Text>}
              </li>
            ))}
          </Stack>
        )}
      </Accordion.Panel>
    </Accordion.Item>
  )
}

function references(t: TFunction<'connections'>, table: DbTable, column: string): string {
  return table.foreign_keys.filter((k) => k.columns.includes(column))
    .map((k) => ` · ${t('refersTo', { what: `${k.ref_table}.${k.ref_columns[k.columns.indexOf(column)] ?? ''}` })}`).join('')
}
