import { Badge, Group, Paper, SimpleGrid, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { tableQuery } from '../api/catalog'
import { Problem } from '../api/client'
import { meQuery } from '../api/queries'
import type { Relation, TableDetail } from '../api/types'
import { locale } from '../i18n'
import { ErrorNote } from '../parts/ErrorNote'
import { PageButton, PageLink } from '../parts/links'
import { Columns } from './Columns'
import { Described } from './Described'
import { MetricItem, TermItem } from './Glossary'
import { TableLink } from './TableLink'
import './words'

/** One table: its columns, what people say of it, where its keys lead, who uses it. */
export function TablePage() {
  const { t } = useTranslation('catalog')
  const { connection, schema, table: name } = useParams({ strict: false }) as { connection: string; schema: string; table: string }
  const me = useQuery(meQuery)
  const table = useQuery(tableQuery(connection, schema, name))
  const may = (permission: string) => me.data?.permissions.includes(permission) ?? false
  const missing = table.error instanceof Problem && table.error.code === 'not_found'
  return (
    <Stack maw={1200} mx="auto" gap="md">
      <Group justify="space-between" align="start">
        <div>
          <PageLink to="/catalog" search={{ connection }} size="sm" underline="always">{t('title')}</PageLink>
          <Title order={1} size="h3" className="wrap">{table.data && schema !== 'public' ? `${schema}.` : ''}{name}</Title>
        </div>
        {may('ask') && table.data && <PageButton to="/" search={{ connection, q: t('aboutTable', { table: name.replaceAll('_', ' ') }) }}>{t('askAbout')}</PageButton>}
      </Group>
      {missing && <Text><Trans t={t} i18nKey="noTable" components={{ page: <PageLink to="/catalog" search={{ connection }} underline="always" inherit /> }} /></Text>}
      {!missing && <ErrorNote error={table.error} onRetry={() => void table.refetch()} />}
      {table.isPending && <Skeleton h={300} aria-label={t('loading', { ns: 'parts' })} />}
      {table.data && <Detail connection={connection} table={table.data} mayWrite={may('notes.write')} />}
    </Stack>
  )
}

function Detail({ connection, table, mayWrite }: { connection: string; table: TableDetail; mayWrite: boolean }) {
  const { t } = useTranslation('catalog')
  const facts = [t(`kind.${table.kind}`), t('columnCount', { count: table.columns.length }), table.rows >= 0 && t('rows', { n: table.rows.toLocaleString(locale()) })]
  return (
    <>
      <Text size="sm" c="dimmed">{facts.filter(Boolean).join(' · ')}</Text>
      {table.comment && <Text size="sm" className="wrap" title={t('comment')}>{table.comment}</Text>}
      <Described connection={connection} note={{ schema: table.schema, table: table.name, description: table.description, synonyms: table.synonyms }} mayWrite={mayWrite} />
      <Columns connection={connection} table={table} mayWrite={mayWrite} />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Part title={t('relations')}>
          {!table.relations_in.length && !table.relations_out.length && <Text size="sm" c="dimmed">{t('noRelations')}</Text>}
          <RelationList connection={connection} title={t('out')} relations={table.relations_out} outward />
          <RelationList connection={connection} title={t('in')} relations={table.relations_in} />
        </Part>
        <Use table={table} />
      </SimpleGrid>
      {table.terms.length > 0 && <Part title={t('terms')}><Stack component="ul" className="plain-list" gap="xs">{table.terms.map((term) => <TermItem key={term.id} connection={connection} term={term} mayWrite={mayWrite} />)}</Stack></Part>}
      {table.metrics.length > 0 && <Part title={t('metrics')}><Stack component="ul" className="plain-list" gap="xs">{table.metrics.map((metric) => <MetricItem key={metric.id} connection={connection} metric={metric} mayWrite={mayWrite} />)}</Stack></Part>}
    </>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="md" component="section" aria-label={title}>
      <Title order={2} size="h6" mb="xs">{title}</Title>
      {children}
    </Paper>
  )
}

function RelationList({ connection, title, relations, outward = false }: { connection: string; title: string; relations: Relation[]; outward?: boolean }) {
  const { t } = useTranslation('catalog')
  if (!relations.length) return null
  return (
    <>
      <Text size="xs" c="dimmed">{title}</Text>
      <Stack component="ul" className="plain-list" gap={2} mb="xs" aria-label={title}>
        {relations.map((r) => {
          const other = outward ? { schema: r.to_schema, name: r.to_table, columns: r.to_columns } : { schema: r.from_schema, name: r.from_table, columns: r.from_columns }
          return (
            <li key={JSON.stringify(r)}>
              <Group gap={6}>
                <TableLink connection={connection} {...other} />
                <Text size="xs" c="dimmed" className="wrap">{(outward ? r.from_columns : r.to_columns).join(', ')}</Text>
                {r.inferred && <Badge variant="default" size="xs">{t('inferred')}</Badge>}
              </Group>
            </li>
          )
        })}
      </Stack>
    </>
  )
}

/** How often the table is asked about, and one's own questions and the saved queries that read it. */
function Use({ table: { use } }: { table: TableDetail }) {
  const { t } = useTranslation('catalog')
  return (
    <Part title={t('use')}>
      <Text size="sm" c={use.asked ? undefined : 'dimmed'}>{use.asked ? t('asked', { count: use.asked, people: use.people, days: use.days }) : t('unused', { days: use.days })}</Text>
      {use.questions.length > 0 && <Text size="xs" c="dimmed" mt="xs">{t('yours')}</Text>}
      <Stack component="ul" className="plain-list" gap={2}>
        {use.questions.map((q) => <li key={q.id}><PageLink to="/conversations/$id" params={{ id: q.conversation_id }} size="sm" underline="always" lineClamp={1}>{q.question}</PageLink></li>)}
      </Stack>
      {use.saved_queries.length > 0 && <Text size="xs" c="dimmed" mt="xs">{t('saved')}</Text>}
      <Stack component="ul" className="plain-list" gap={2}>
        {use.saved_queries.map((q) => <li key={q.id}><PageLink to="/sql" search={{ saved: q.id }} size="sm" underline="always" className="wrap">{q.name}</PageLink></li>)}
      </Stack>
    </Part>
  )
}
