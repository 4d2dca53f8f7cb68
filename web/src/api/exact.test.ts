import { expect, it } from 'vitest'
import { parseExact } from './exact'

// Not every engine tells a reviver the source; where it does not, numbers are as JSON.parse makes them.
let tells = false
JSON.parse('1', function (_k: string, v: unknown, c?: { source?: string }) { tells = c?.source === '1'; return v } as (k: string, v: unknown) => unknown)

it.runIf(tells)('keeps the digits that a double would lose', () => {
  expect(parseExact('[12345678901234567890, 0.1234567890123456789]')).toEqual(['12345678901234567890', '0.1234567890123456789'])
})

it('leaves everything else as it is', () => {
  expect(parseExact('[1, -2.50, 1e3, 9007199254740991, null, true, "12345678901234567890", {"a": 0.1}]')).toEqual(
    [1, -2.5, 1000, 9007199254740991, null, true, '12345678901234567890', { a: 0.1 }])
})
