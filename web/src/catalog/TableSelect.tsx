import { Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { relationsQuery } from '../api/catalog'

/** A table of a database, by its name. */
export interface TableName { schema: string; table: string }

/** Chooses a table. */
export function TableSelect({ connection, value, onChange, required = false }: { connection: string; value: TableName; onChange: (table: TableName) => void; required?: boolean }) {
  const { t } = useTranslation('catalog')
  const graph = useQuery(relationsQuery(connection))
  const nodes = graph.data?.nodes ?? []
  const bare = new Set(nodes.map((n) => n.schema)).size === 1
  const key = (schema: string, table: string) => JSON.stringify([schema, table])
  const data = nodes.map((n) => ({ value: key(n.schema, n.name), label: bare ? n.name : `${n.schema}.${n.name}` }))
  const current = value.table ? key(value.schema, value.table) : null
  // A table that is gone is shown all the same.
  if (current && graph.data && !data.some((d) => d.value === current)) data.unshift({ value: current, label: `${value.schema}.${value.table}` })
  return (
    <Select label={t('table')} searchable clearable={!required} required={required} data={data} value={current} limit={200} comboboxProps={{ withinPortal: false }}
      onChange={(v) => {
        const [schema = '', table = ''] = v ? (JSON.parse(v) as string[]) : []
        onChange({ schema, table })
      }} />
  )
}
