import { expect, it } from 'vitest'

const words = {
  en: import.meta.glob<object>('./*/words.en.ts', { eager: true, import: 'default' }),
  de: import.meta.glob<object>('./*/words.de.ts', { eager: true, import: 'default' }),
}
const byFolder = (all: Record<string, object>) => Object.fromEntries(Object.entries(all).map(([path, texts]) => [path.split('/')[1], texts]))

/** Every text with its path. */
function texts(words: object, path = ''): Map<string, string> {
  const all = new Map<string, string>()
  for (const [key, value] of Object.entries(words)) {
    if (typeof value === 'string') all.set(path + key, value)
    else for (const [inner, text] of texts(value as object, `${path}${key}.`)) all.set(inner, text)
  }
  return all
}

const holes = (text = '') => (text.match(/\{\{\w+\}\}|<\/?\w+>/g) ?? []).sort()

it('has every text in German, with the same values and links in it', () => {
  const german = texts(byFolder(words.de))
  const english = texts(byFolder(words.en))
  for (const [path, text] of english) expect(holes(german.get(path)), path).toEqual(holes(text))
  expect([...german.keys()].sort()).toEqual([...english.keys()].sort())
})

// --- which code brings which words ----------------------------------------------

const source = new Map(Object.entries(import.meta.glob<string>(['./**/*.{ts,tsx}', '!./**/*.test.*'], { eager: true, query: '?raw', import: 'default' })).map(([file, text]) => [file.slice(2), text]))

/** The file that an import of another names. */
const named = (from: string, path: string) => ['.ts', '.tsx'].map((end) => new URL(path + end, `file:///${from}`).pathname.slice(1)).find((file) => source.has(file))

const matches = (file: string, pattern: RegExp) => [...(source.get(file) ?? '').matchAll(pattern)].map((m) => m[1] ?? '')
const imports = (file: string, pattern: RegExp) => matches(file, pattern).map((path) => named(file, path)).filter((f) => f !== undefined)

/** All that is loaded together with a file. */
function together(file: string, all = new Set<string>()): Set<string> {
  if (all.has(file)) return all
  all.add(file)
  for (const other of imports(file, /^import (?!type\b)(?:[^'\n]* from )?'(\.[^']*)'/gm)) together(other, all)
  return all
}

it('loads the words with whatever shows them', () => {
  const page = together('main.tsx')
  const parts = [...source.keys()].flatMap((file) => imports(file, /\bimport\('(\.[^']*)'\)/g)).filter((file) => !/words\.|(^|\/)(de|main)\.ts/.test(file))
  expect(parts.length).toBeGreaterThan(20)
  for (const part of ['main.tsx', ...parts]) {
    const code = new Set([...page, ...together(part)])
    const here = new Set(['ask', 'parts', 'shell', ...[...code].filter((file) => file.endsWith('/words.ts')).flatMap((file) => matches(file, /addWords\('(\w+)'/g))])
    const shown = [...code].flatMap((file) => matches(file, /\b(?:useTranslation\(|ns: )'(\w+)'/g))
    expect([...new Set(shown)].filter((folder) => !here.has(folder)), `${part} is to import the words.ts of`).toEqual([])
  }
})
