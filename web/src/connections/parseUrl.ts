import type { ConnectionInput } from '../api/types'

/** The fields that a pasted address fills: postgres://user:password@host:port/database?sslmode=… Null where it is none. */
export function parseUrl(text: string): Partial<ConnectionInput> | null {
  const match = /^(?:jdbc:)?(postgres(?:ql)?:\/\/.+)$/i.exec(text.trim())
  if (!match?.[1]) return null
  let url: URL
  try {
    url = new URL(match[1].replace(/^postgres(ql)?:/i, 'http:')) // the same grammar, which the browser knows
  } catch {
    return null
  }
  const asked = (name: string) => url.searchParams.get(name) ?? ''
  const mode = asked('sslmode')
  const found: Partial<ConnectionInput> = {
    host: url.hostname.replace(/^\[|\]$/g, '') || asked('host'), port: Number(url.port || asked('port') || 5432), database: decode(url.pathname.slice(1)) || asked('dbname'),
    username: decode(url.username) || asked('user'), password: decode(url.password) || asked('password'),
  }
  if (mode) found.tls_mode = mode === 'disable' ? 'disable' : mode.startsWith('verify') ? 'verify-full' : 'require'
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== ''))
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch { // a stray % in a password
    return text
  }
}
