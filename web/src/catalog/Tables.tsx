import { Button, Group, Skeleton, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { notesQuery, relationsQuery, searchQuery } from '../api/catalog'
import type { CatalogHit, RelationNode } from '../api/types'
import { locale } from '../i18n'
import { ErrorNote } from '../parts/ErrorNote'
import { PageLink } from '../parts/links'
import { TableLink } from './TableLink'

const SEARCH_AFTER_MS = 200

/** The tables; or what was found of tables, columns, values and what people say of them. */
export function Tables({ connection }: { connection: string }) {
  const { t } = useTranslation('catalog')
  const [text, setText] = useState('')
  const [wanted] = useDebouncedValue(text.trim(), SEARCH_AFTER_MS)
  return (
    <Stack gap="sm">
      <TextInput type="search" aria-label={t('search')} placeholder={t('search')} maxLength={200} value={text} onChange={(e) => setText(e.target.value)} />
      {wanted && text.trim() ? <Found connection={connection} q={wanted} /> : <All connection={connection} />}
    </Stack>
  )
}

const STEP = 200

function All({ connection }: { connection: string }) {
  const { t } = useTranslation('catalog')
  const [most, setMost] = useState(STEP)
  const graph = useQuery(relationsQuery(connection))
  const notes = useQuery(notesQuery(connection))
  const nodes = graph.data?.nodes ?? []
  /** What people say of a table, or else the database. */
  const said = (n: RelationNode) => notes.data?.notes.find((o) => o.schema === n.schema && o.table === n.name && !o.column && o.description)?.description ?? n.comment
  const schemas = new Set(nodes.map((n) => n.schema))
  return (
    <>
      <ErrorNote error={graph.error} onRetry={() => void graph.refetch()} />
      {graph.isPending && <Skeleton h={300} aria-label={t('loading', { ns: 'parts' })} />}
      {graph.data && !nodes.length && <Text c="dimmed">{t('noTables')}</Text>}
      <Stack component="ul" className="plain-list" gap={0} aria-label={t('view.tables')}>
        {nodes.slice(0, most).map((n) => (
          <li key={`${n.schema}.${n.name}`} className="row-of-list">
            <Group gap="xs" justify="space-between">
              <TableLink connection={connection} schema={n.schema} name={n.name} full={schemas.size > 1} />
              <Text size="xs" c="dimmed">{sizeOf(t, n)}</Text>
            </Group>
            {said(n) && <Text size="sm" c="dimmed" className="wrap" lineClamp={2}>{said(n)}</Text>}
          </li>
        ))}
      </Stack>
      {nodes.length > most && <Button variant="subtle" color="gray" w="fit-content" onClick={() => setMost(most + STEP)}>{t('more')}</Button>}
    </>
  )
}

function sizeOf(t: ReturnType<typeof useTranslation<'catalog'>>['t'], n: RelationNode): string {
  return [n.kind !== 'table' && t(`kind.${n.kind}`), t('columnCount', { count: n.columns }), n.rows >= 0 && t('rows', { n: n.rows.toLocaleString(locale()) })]
    .filter(Boolean).join(' · ')
}

function groupOf(hit: CatalogHit): 'tables' | 'columns' | 'synonyms' | 'values' | 'words' {
  if (hit.match === 'name') return hit.kind === 'table' ? 'tables' : 'columns'
  return hit.match === 'synonym' ? 'synonyms' : hit.match === 'value' ? 'values' : 'words'
}

function Found({ connection, q }: { connection: string; q: string }) {
  const { t } = useTranslation('catalog')
  const found = useQuery(searchQuery(connection, q))
  const hits = found.data ?? []
  // The kind of the best hit comes first.
  const groups = [...new Set(hits.map(groupOf))]
  return (
    <Stack gap="md" aria-busy={found.isFetching} data-testid="found">
      <ErrorNote error={found.error} onRetry={() => void found.refetch()} />
      {found.isPending && <Skeleton h={160} aria-label={t('loading', { ns: 'parts' })} />}
      {found.data?.length === 0 && <Text c="dimmed">{t('nothingFound')}</Text>}
      {groups.map((group) => (
        <section key={group} aria-label={t(`found.${group}`)}>
          <Title order={2} size="h6" mb={4}>{t(`found.${group}`)}</Title>
          <Stack component="ul" className="plain-list" gap={0}>
            {hits.filter((h) => groupOf(h) === group).map((h) => (
              <li key={`${h.schema}.${h.table}.${h.column ?? ''}`} className="row-of-list">
                <Group gap="xs">
                  <PageLink to="/catalog/$connection/$schema/$table" params={{ connection, schema: h.schema, table: h.table }} hash={h.column} size="sm" fw={600} underline="always" className="wrap">
                    {h.column ? `${h.table}.${h.column}` : h.table}
                  </PageLink>
                  {h.type && <Text size="xs" c="dimmed">{h.type}</Text>}
                  {h.match !== 'name' && <Text size="sm" className="wrap" lineClamp={2}>{h.text}</Text>}
                </Group>
              </li>
            ))}
          </Stack>
        </section>
      ))}
    </Stack>
  )
}
