import { expect, it } from 'vitest'
import { de } from './de'
import { en } from './i18n'

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
  const german = texts(de)
  for (const [path, text] of texts(en)) expect(holes(german.get(path)), path).toEqual(holes(text))
  expect([...german.keys()].sort()).toEqual([...texts(en).keys()].sort())
})
