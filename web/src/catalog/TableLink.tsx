import { PageLink } from '../parts/links'

/** A table's name that leads to its page; with its schema where that tells tables apart. */
export function TableLink({ connection, schema, name, full = false, columns }: { connection: string; schema: string; name: string; full?: boolean; columns?: string[] }) {
  return (
    <PageLink to="/catalog/$connection/$schema/$table" params={{ connection, schema, table: name }} size="sm" fw={600} underline="always" className="wrap">
      {full ? `${schema}.${name}` : name}{columns?.length ? ` (${columns.join(', ')})` : ''}
    </PageLink>
  )
}
