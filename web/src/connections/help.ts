import type { Connection, Report } from '../api/types'

/** The fields that can be what is wrong. */
export type Field = 'host' | 'port' | 'database' | 'username' | 'password' | 'schemas'

type Mode = Connection['tls_mode']

/** What helps where a test has failed: to change a field, another way of encrypting, or only to test again. */
export type Help = { field: Field } | { tls: Mode } | { again: true }

const FIELDS: Record<string, Field> = {
  host_unknown: 'host', refused: 'port', password: 'password', database_missing: 'database', address_refused: 'host', no_permission: 'username',
}

/** What the page offers after a test, the likeliest first. */
export function helpFor({ ok, code }: Report, mode: Mode): Help[] {
  if (ok || !code) return []
  if (code === 'tls_missing') return [{ tls: 'disable' }]
  if (code === 'login_refused') return [...(mode === 'disable' ? [{ tls: 'require' } as const] : []), { field: 'username' }]
  if (code === 'tls') return mode === 'verify-full' ? [{ tls: 'require' }, { field: 'host' }] : [{ field: 'port' }]
  const field = FIELDS[code]
  if (code === 'timeout') return [{ again: true }, { field: 'host' }]
  if (code === 'refused') return [{ field: 'port' }, { field: 'host' }]
  return field ? [{ field }] : [{ again: true }]
}
