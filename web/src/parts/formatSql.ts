import { formatDialect, postgresql } from 'sql-formatter'

/** SQL laid out for reading; as it is where it cannot be read. */
export function formatSql(sql: string): string {
  try {
    return formatDialect(sql, { dialect: postgresql, keywordCase: 'upper', functionCase: 'lower', expressionWidth: 80, tabWidth: 2 })
  } catch {
    return sql
  }
}
