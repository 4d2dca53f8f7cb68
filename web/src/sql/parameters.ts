import type { Parameter } from '../api/types'

export type ParameterType = Parameter['type']
export const PARAMETER_TYPES: readonly ParameterType[] = ['text', 'number', 'date', 'timestamp', 'boolean', 'list']

/** A parameter of the text with what its field holds: a list has many texts, the others one. */
export interface Field {
  name: string
  type: ParameterType
  of: Exclude<ParameterType, 'list'>
  label: string
  text: string
  list: string[]
}

const APART = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\//g
const PLACEHOLDER = /\{\{\s*([A-Za-z_]\w*)\s*\}\}/g

/** The names of the parameters in SQL, in their order; those in texts and comments are none. */
export function placeholders(sql: string): string[] {
  return [...new Set([...sql.replace(APART, ' ').matchAll(PLACEHOLDER)].map((m) => m[1] ?? ''))]
}

/** One field for each parameter of the text; what was chosen for one of that name before is kept. */
export function fieldsOf(sql: string, known: Field[]): Field[] {
  return placeholders(sql).map((name) => known.find((f) => f.name === name)
    ?? { name, type: guess(name, sql), of: 'text', label: '', text: '', list: [] })
}

function guess(name: string, sql: string): ParameterType {
  if (new RegExp(String.raw`\bIN\s*\(\s*\{\{\s*${name}\s*\}\}\s*\)`, 'i').test(sql)) return 'list'
  if (/(^|_)(date|day|from|to|since|until|start|end)$/i.test(name)) return 'date'
  if (/(^|_)(n|id|min|max|limit|count|number|amount|year|month|days)$/i.test(name)) return 'number'
  return /^(is|has)_/i.test(name) ? 'boolean' : 'text'
}

/** A field's value as the API takes it; undefined where there is none. An empty text is a value. */
export function valueOf(field: Field): unknown {
  const one = (text: string, type: ParameterType) => (type === 'boolean' ? text === 'true' : text)
  if (field.type === 'list') return field.list.length ? field.list.map((text) => one(text, field.of)) : undefined
  if (field.text === '' && field.type !== 'text') return undefined
  return one(field.text, field.type)
}

/** How a field is declared, without its value. */
export function declared(field: Field): Parameter {
  return { name: field.name, type: field.type, ...(field.type === 'list' && { of: field.of }), ...(field.label && { label: field.label }) }
}

/** The field of a parameter that was saved: its default is what it holds. */
export function fieldOf(parameter: Parameter): Field {
  const value = parameter.default
  return {
    name: parameter.name, type: parameter.type, of: parameter.of ?? 'text', label: parameter.label ?? '',
    text: value === undefined || value === null || Array.isArray(value) ? '' : String(value),
    list: Array.isArray(value) ? value.map(String) : [],
  }
}

/** Fields as they are saved: what they hold becomes the default. */
export function toSave(fields: Field[]): Parameter[] {
  return fields.map((field) => {
    const value = valueOf(field)
    return { ...declared(field), ...(value !== undefined && value !== '' && { default: value }) }
  })
}
