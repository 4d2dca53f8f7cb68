import { expect, it } from 'vitest'
import { helpFor } from './help'

const failed = (code: string) => ({ ok: false, code, message: '', ms: 1, tables: 0 })

it.each([
  ['host_unknown', 'verify-full', [{ field: 'host' }]],
  ['refused', 'verify-full', [{ field: 'port' }, { field: 'host' }]],
  ['password', 'verify-full', [{ field: 'password' }]],
  ['database_missing', 'verify-full', [{ field: 'database' }]],
  ['address_refused', 'verify-full', [{ field: 'host' }]],
  ['no_permission', 'verify-full', [{ field: 'username' }]],
  ['timeout', 'verify-full', [{ again: true }, { field: 'host' }]],
  ['tls_missing', 'verify-full', [{ tls: 'disable' }]],
  ['login_refused', 'disable', [{ tls: 'require' }, { field: 'username' }]],
  ['login_refused', 'require', [{ field: 'username' }]],
  ['tls', 'verify-full', [{ tls: 'require' }, { field: 'host' }]],
  ['tls', 'require', [{ field: 'port' }]],
  ['connection_failed', 'verify-full', [{ again: true }]],
] as const)('offers what helps against %s (%s)', (code, mode, wanted) => {
  expect(helpFor(failed(code), mode)).toEqual(wanted)
})

it('offers nothing where it works', () => {
  expect(helpFor({ ok: true, message: '', ms: 1, tables: 3 }, 'disable')).toEqual([])
})
