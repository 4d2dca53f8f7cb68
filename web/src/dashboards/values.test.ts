import { expect, it } from 'vitest'
import type { DashboardFilter } from '../api/dashboards'
import { asValue, filterOf, picked, valueOf, valuesIn } from './values'

const country: DashboardFilter = { name: 'country', type: 'text', default: 'DE' }
const shops: DashboardFilter = { name: 'shops', type: 'list' }

it('sets a filter by a click, and takes it back by the next', () => {
  expect(picked(country, {}, 'FR')).toEqual({ country: 'FR' })
  expect(picked(country, { country: 'FR' }, 'FR')).toEqual({ country: null })
  expect(picked(country, {}, 'DE')).toEqual({ country: null })
  expect(picked(shops, {}, 'a')).toEqual({ shops: ['a'] })
  expect(picked(shops, { shops: ['a', 'b'] }, 'a')).toEqual({ shops: ['b'] })
  expect(picked(shops, { shops: ['a'] }, 'a')).toEqual({ shops: null })
  expect(picked(country, {}, null)).toEqual({})
  expect(valueOf(country, {})).toBe('DE')
  expect(valueOf(country, { country: null })).toBe(null)
})

it('takes cells as values of the type, or not at all', () => {
  expect(asValue({ name: 'd', type: 'date' }, '2026-01-02T00:00:00Z')).toBe('2026-01-02')
  expect(asValue({ name: 'd', type: 'date' }, 'x')).toBeUndefined()
  expect(asValue({ name: 'n', type: 'number' }, '12.5')).toBe(12.5)
  expect(asValue({ name: 'n', type: 'number' }, "1; DROP TABLE x")).toBeUndefined()
  expect(asValue(country, 7)).toBe('7')
})

it('knows which filter a column sets', () => {
  const filters = [country, shops]
  expect(filterOf({ filters }, { links: [{ filter: 'shops', column: 'shop', how: 'sets' }] }, 'shop')).toBe(shops)
  expect(filterOf({ filters }, { links: [{ filter: 'shops', column: 'shop', how: 'at_least' }] }, 'shop')).toBeUndefined()
  expect(filterOf({ filters }, {}, 'country')).toBe(country)
})

it('reads values from an address and nothing else', () => {
  expect(valuesIn({ a: 'x', b: 1, c: null, d: ['y'], e: { f: 1 }, g: [{}] })).toEqual({ a: 'x', b: 1, c: null, d: ['y'] })
  expect(valuesIn('x')).toEqual({})
  expect(valuesIn([1])).toEqual({})
})
