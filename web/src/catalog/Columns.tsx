import { Badge, Group, Table, Text, Title } from '@mantine/core'
import { useLocation } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { ColumnDetail, TableDetail } from '../api/types'
import { locale } from '../i18n'
import { Described } from './Described'
import { TableLink } from './TableLink'

const SHOWN_VALUES = 8

/** The columns with their types, keys, meaning and some values. The one that a link leads to is marked. */
export function Columns({ connection, table, mayWrite }: { connection: string; table: TableDetail; mayWrite: boolean }) {
  const { t } = useTranslation('catalog')
  const { hash } = useLocation()
  const marked = useRef<HTMLTableRowElement>(null)
  useEffect(() => { void marked.current?.scrollIntoView({ block: 'center' }) }, [hash])
  return (
    <section aria-label={t('columns')}>
      <Title order={2} size="h6" mb={4}>{t('columns')}</Title>
      <Table verticalSpacing="xs" layout="fixed" className="stacked" aria-label={t('columns')}>
        <Table.Thead><Table.Tr><Table.Th w="26%">{t('column')}</Table.Th><Table.Th w="44%">{t('meaning')}</Table.Th><Table.Th w="30%">{t('sample')}</Table.Th></Table.Tr></Table.Thead>
        <Table.Tbody>
          {table.columns.map((c) => (
            <Table.Tr key={c.name} ref={c.name === hash ? marked : undefined} id={`column-${c.name}`} data-marked={c.name === hash || undefined} style={{ verticalAlign: 'top' }}>
              <Table.Td>
                <Group gap={6}>
                  <Text size="sm" fw={600} className="wrap">{c.name}</Text>
                  {table.primary_key.includes(c.name) && <Badge variant="light" size="xs">{t('key')}</Badge>}
                  {table.uniques.some((u) => u.length === 1 && u[0] === c.name) && !table.primary_key.includes(c.name) && <Badge variant="default" size="xs">{t('unique')}</Badge>}
                </Group>
                <Text size="xs" c="dimmed" className="wrap">{c.type}{c.nullable && ` · ${t('optional')}`}</Text>
                <Leads connection={connection} table={table} column={c.name} />
              </Table.Td>
              <Table.Td>
                {c.comment && <Text size="sm" className="wrap" title={t('comment')}>{c.comment}</Text>}
                <Described connection={connection} note={{ schema: table.schema, table: table.name, column: c.name, description: c.description, synonyms: c.synonyms }} mayWrite={mayWrite} />
              </Table.Td>
              <Table.Td><Values column={c} /></Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </section>
  )
}

function Leads({ connection, table, column }: { connection: string; table: TableDetail; column: string }) {
  return table.relations_out.filter((r) => r.from_columns.includes(column)).map((r) => (
    <Text key={JSON.stringify(r)} size="xs" c="dimmed">→ <TableLink connection={connection} schema={r.to_schema} name={r.to_table} /></Text>
  ))
}

function Values({ column: c }: { column: ColumnDetail }) {
  const { t } = useTranslation('catalog')
  if (c.masked) return <Text size="xs" c="dimmed">{t('masked')}</Text>
  const range = c.min !== undefined && c.max !== undefined && c.min !== '' && t('range', { min: c.min, max: c.max })
  return (
    <>
      {c.values.length > 0 && <Text size="sm" className="wrap">{c.values.slice(0, SHOWN_VALUES).join(', ')}{c.values.length > SHOWN_VALUES && ', …'}</Text>}
      {!c.values.length && range && <Text size="sm" className="wrap">{range}</Text>}
      {!!c.distinct && c.distinct > 0 && <Text size="xs" c="dimmed">{t('distinct', { n: c.distinct.toLocaleString(locale()) })}</Text>}
    </>
  )
}
