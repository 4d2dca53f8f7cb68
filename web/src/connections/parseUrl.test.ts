import { expect, it } from 'vitest'
import { parseUrl } from './parseUrl'

it('fills the fields from what people paste', () => {
  expect(parseUrl('postgres://ada:s%40cret@db.example.com:6432/sales?sslmode=require')).toEqual(
    { host: 'db.example.com', port: 6432, database: 'sales', username: 'ada', password: 's@cret', tls_mode: 'require' })
  expect(parseUrl(' postgresql://db/sales ')).toEqual({ host: 'db', port: 5432, database: 'sales' })
  expect(parseUrl('jdbc:postgresql://10.0.0.1/sales?user=ada&password=x')).toEqual({ host: '10.0.0.1', port: 5432, database: 'sales', username: 'ada', password: 'x' })
  expect(parseUrl('postgres://u:100%@[::1]:5433/d?sslmode=verify-ca')).toEqual({ host: '::1', port: 5433, database: 'd', username: 'u', password: '100%', tls_mode: 'verify-full' })
})

it('takes nothing else', () => {
  for (const text of ['', 'db.example.com', 'mysql://root@db/sales', 'postgres://', 'https://example.com/x']) expect(parseUrl(text)).toBeNull()
})
