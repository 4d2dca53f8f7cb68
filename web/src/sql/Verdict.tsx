import { Text } from '@mantine/core'
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import { Problem } from '../api/client'
import type { SQLCheck } from '../api/types'
import { PageLink } from '../parts/links'

interface Props {
  connection: string
  sql: string
  check?: SQLCheck
  error?: Error | null
}

/** Whether the text would run, and what it reads; or why not, and where. */
export function Verdict({ connection, sql, check, error }: Props) {
  const { t } = useTranslation('sql')
  if (!sql.trim()) return <Text size="sm" c="dimmed">{t('hint')}</Text>
  if (error) return <Text size="sm" c="dimmed" className="wrap">{error instanceof Problem ? error.message : t('unchecked')}</Text>
  if (!check) return <Text size="sm" c="dimmed" data-testid="verdict" data-verdict="checking">{t('checking')}</Text>
  if (!check.allowed) {
    return (
      <Text size="sm" className="warning wrap" role="status" data-testid="verdict" data-verdict="refused">
        {check.position && `${t('at', { line: check.position.line, column: check.position.column })} `}{check.message}
      </Text>
    )
  }
  return (
    <Text size="sm" className="wrap" role="status" data-testid="verdict" data-verdict="allowed">
      {t('allowed')} {check.tables.length > 0 && <>{t('reads')} {check.tables.map((table, i) => (
        <Fragment key={`${table.schema}.${table.name}`}>
          {i > 0 && ', '}
          <PageLink to="/catalog/$connection/$schema/$table" params={{ connection, schema: table.schema, table: table.name }} inherit underline="always" title={table.columns.join(', ')}>{table.name}</PageLink>
        </Fragment>
      ))}</>}
    </Text>
  )
}
