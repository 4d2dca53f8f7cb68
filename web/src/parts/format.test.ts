import { expect, it } from 'vitest'
import { formatCell } from './format'

it('shows null as null, and midnight as a date', () => {
  expect(formatCell(null, { name: 'a', type: 'text' })).toBe('null')
  expect(formatCell('2026-01-01T00:00:00Z', { name: 'month', type: 'timestamp' })).toBe('2026-01-01')
})

it('does not group keys and years', () => {
  expect(formatCell(12345, { name: 'order_id', type: 'integer' })).toBe('12345')
  expect(formatCell(2026, { name: 'year', type: 'integer' })).toBe('2026')
})
