import { expect, it } from 'vitest'
import { formatSql } from '../parts/formatSql'
import { declared, fieldOf, fieldsOf, placeholders, toSave, valueOf } from './parameters'

it('finds the parameters of a text, once each, and none in texts, names and comments', () => {
  expect(placeholders(`SELECT '{{a}}', "{{b}}", {{c}} -- {{d}}
    /* {{e}} */ WHERE x = {{ f }} AND y > {{c}} AND z = 'it''s {{g}}' AND {{1h}}`)).toEqual(['c', 'f'])
})

it('keeps what was chosen for a parameter while the text changes', () => {
  expect(fieldsOf('SELECT {{day}} WHERE a in ( {{as}} )', []).map((f) => f.type)).toEqual(['date', 'list'])
  const chosen = { ...fieldOf({ name: 'day', type: 'date' }), type: 'text' as const, text: 'Monday' }
  expect(fieldsOf('SELECT {{n}}, {{day}}', [chosen]).map((f) => [f.name, f.type, f.text])).toEqual([['n', 'number', ''], ['day', 'text', 'Monday']])
  expect(fieldsOf('SELECT 1', [chosen])).toEqual([])
})

it('gives values in the form that the API takes', () => {
  const field = fieldOf({ name: 'a', type: 'text' })
  expect(valueOf(field)).toBe('')
  expect(valueOf({ ...field, type: 'number', text: '12.50' })).toBe('12.50')
  expect(valueOf({ ...field, type: 'number' })).toBeUndefined()
  expect(valueOf({ ...field, type: 'boolean', text: 'false' })).toBe(false)
  expect(valueOf({ ...field, type: 'list', of: 'boolean', list: ['true', 'false'] })).toEqual([true, false])
  expect(valueOf({ ...field, type: 'list' })).toBeUndefined()
})

it('saves what the fields hold as defaults, and opens them again', () => {
  const saved = [
    { name: 'a', type: 'list' as const, of: 'number' as const, default: ['1', '2'] },
    { name: 'b', type: 'date' as const, label: 'Day', default: '2026-01-31' },
    { name: 'c', type: 'number' as const },
  ]
  expect(toSave(saved.map(fieldOf))).toEqual(saved)
  expect(declared(fieldOf({ name: 'b', type: 'date', label: 'Day', default: '2026-01-31' }))).toEqual({ name: 'b', type: 'date', label: 'Day' })
})

it('lays out SQL with parameters', () => {
  expect(formatSql('select a from t where b = {{c}} and d in ({{ e }})')).toMatch(/b = \{\{c\}\}\n\s+AND d IN \(\{\{ e \}\}\)/)
})
