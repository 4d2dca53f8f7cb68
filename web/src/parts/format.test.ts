import { describe, expect, it } from 'vitest'
import type { Cell } from '../api/types'
import { duration, exact, formatter } from './format'

/** Formats a whole column. */
const column = (name: string, type: string, cells: Cell[], locale = 'en-GB') => cells.map(formatter({ name, type }, cells, locale))

describe('formatter', () => {
  it('shows null as null whatever the type', () => {
    for (const type of ['text', 'integer', 'number', 'date', 'timestamp', 'boolean', 'json']) expect(column('a', type, [null])).toEqual(['null'])
  })

  it('groups numbers in the reader’s locale, but not keys and years', () => {
    expect(column('orders', 'integer', [1234567, -5])).toEqual(['1,234,567', '-5'])
    expect(column('orders', 'integer', [1234567], 'de-DE')).toEqual(['1.234.567'])
    expect(column('order_id', 'integer', [12345])).toEqual(['12345'])
    expect(column('year', 'integer', [2026])).toEqual(['2026'])
  })

  it('gives a column’s numbers the same places', () => {
    expect(column('total', 'number', [12.5, 3, 1000.25])).toEqual(['12.50', '3.00', '1,000.25'])
    expect(column('average', 'number', [183.4567891, 2])).toEqual(['183.46', '2.00'])
    expect(column('share', 'number', [0.12345, 0.5])).toEqual(['0.1235', '0.5000'])
    expect(column('n', 'number', [1, 2])).toEqual(['1', '2'])
  })

  it('does not round small numbers to nothing', () => {
    expect(column('rate', 'number', [0.0000123, 2])).toEqual(['0.0000123', '2.00'])
    expect(column('rate', 'number', [0])).toEqual(['0'])
  })

  it('keeps digits that a double does not hold, and what is no number', () => {
    expect(column('n', 'integer', ['12345678901234567890'])).toEqual(['12,345,678,901,234,567,890'])
    expect(column('n', 'number', ['NaN', 'Infinity', ''])).toEqual(['NaN', 'Infinity', ''])
  })

  it('shows days, months and times by what the column holds', () => {
    expect(column('day', 'date', ['2026-01-31', '2026-02-01'])).toEqual(['31 Jan 2026', '1 Feb 2026'])
    expect(column('month', 'date', ['2026-01-01', '2026-02-01'])).toEqual(['Jan 2026', 'Feb 2026'])
    expect(column('month', 'timestamp', ['2026-01-01T00:00:00Z', '2026-02-01T00:00:00Z'])).toEqual(['Jan 2026', 'Feb 2026'])
    expect(column('day', 'timestamp', ['2026-01-01T00:00:00'])).toEqual(['1 Jan 2026'])
    expect(column('at', 'timestamp', ['2026-01-31T23:30:00Z'])).toEqual(['31 Jan 2026, 23:30 UTC'])
    expect(column('at', 'timestamp', ['2026-01-31T23:30:00.5'])).toEqual(['31 Jan 2026, 23:30'])
    expect(column('day', 'date', ['infinity', '0044-03-15 BC'])).toEqual(['infinity', '0044-03-15 BC'])
  })

  it('leaves text alone', () => {
    expect(column('a', 'text', ['<b>x</b>', '007', ''])).toEqual(['<b>x</b>', '007', ''])
    expect(column('a', 'boolean', [true, false])).toEqual(['true', 'false'])
  })
})

it('shows a cell exactly to those who ask', () => {
  expect([exact(null), exact(183.4567891), exact(true)]).toEqual(['null', '183.4567891', 'true'])
})

it('shows durations for people', () => {
  expect([duration(383), duration(1234), duration(61_000)]).toEqual(['383 ms', '1.2 s', '61 s'])
})
