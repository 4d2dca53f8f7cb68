import { formatDialect, postgresql } from 'sql-formatter'

// {{name}} stands for a value.
const PARAMETERS = { custom: [{ regex: String.raw`\{\{\s*\w+\s*\}\}` }] }

/** SQL laid out for reading; as it is where it cannot be read. */
export function formatSql(sql: string): string {
  try {
    return formatDialect(sql, { dialect: postgresql, keywordCase: 'upper', functionCase: 'lower', expressionWidth: 80, tabWidth: 2, paramTypes: PARAMETERS })
  } catch {
    return sql
  }
}
