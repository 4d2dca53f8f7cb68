import { expect, test } from 'vitest'
import { bytes, count, share } from './amounts'

test('amounts are in the reader’s own words', () => {
  expect(bytes(999, 'en')).toBe('999 byte')
  expect(bytes(1234, 'en')).toBe('1.2 kB')
  expect(bytes(123_456_789, 'de')).toBe('123 MB')
  expect(bytes(5e15, 'en')).toBe('5,000 TB')
  expect(count(1_234_567, 'de')).toBe('1.234.567')
})

test('an estimate that was too low does not make an export done', () => {
  expect(share(50, 100)).toBe(50)
  expect(share(500, 100)).toBe(99)
  expect(share(5, -1)).toBeUndefined()
})
