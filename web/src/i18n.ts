import i18n from 'i18next'
import { initReactI18next } from 'react-i18next'
import type alerts from './alerts/words.en'
import type answer from './answer/words.en'
import ask from './ask/words.en'
import type catalog from './catalog/words.en'
import type channels from './channels/words.en'
import type connections from './connections/words.en'
import type dashboards from './dashboards/words.en'
import type exports from './exports/words.en'
import parts from './parts/words.en'
import type reports from './reports/words.en'
import type settings from './settings/words.en'
import shell from './shell/words.en'
import type signIn from './sign-in/words.en'
import type sql from './sql/words.en'

// The words of the first view; the others come with the code that shows them, by its folder's words.ts.
const first = { ask, parts, shell }

/** Every word of the page, by the folder that shows it. Other languages have the same keys. */
export type Words = typeof first & {
  alerts: typeof alerts
  answer: typeof answer
  catalog: typeof catalog
  channels: typeof channels
  connections: typeof connections
  dashboards: typeof dashboards
  exports: typeof exports
  reports: typeof reports
  settings: typeof settings
  signIn: typeof signIn
  sql: typeof sql
}

/** The same keys with other words. */
export type Translation<T> = { [K in keyof T]: T[K] extends string ? string : Translation<T[K]> }

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'parts'
    resources: Words
  }
}

/** The languages that there are, as their speakers call them. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof LANGUAGES

const KEY = 'datamind.language'

void i18n.use(initReactI18next).init({
  lng: 'en', fallbackLng: 'en', resources: { en: first }, defaultNS: 'parts',
  interpolation: { escapeValue: false }, // React escapes
})
i18n.on('languageChanged', (l) => { document.documentElement.lang = l })

const isLanguage = (text: string | undefined): text is Language => !!text && text in LANGUAGES

function preferred(): Language {
  const chosen = localStorage.getItem(KEY) ?? undefined
  if (isLanguage(chosen)) return chosen
  return navigator.languages.map((l) => l.slice(0, 2)).find(isLanguage) ?? 'en'
}

/** The locale of numbers and dates: the reader's own variant of the language, such as en-GB, where there is one. */
export function locale(): string {
  return globalThis.navigator?.languages?.find((l) => l.startsWith(i18n.language)) ?? i18n.language
}

// --- languages other than English -----------------------------------------------

/** The language that is shown, or is about to be. */
let wanted: Language = 'en'

/** What loads the German of the folders whose words are here in English only. */
const german = new Map<string, () => Promise<object>>()
for (const folder of Object.keys(first) as (keyof typeof first)[]) german.set(folder, async () => (await import('./de')).de[folder])

async function loadGerman(): Promise<void> {
  await Promise.all([...german].map(async ([folder, load]) => {
    i18n.addResourceBundle('de', folder, await load())
    german.delete(folder)
  }))
}

/** Adds the words of a folder: in English at once, in German when that is read. */
export function addWords<F extends Exclude<keyof Words, keyof typeof first>>(folder: F, english: Words[F], load: () => Promise<{ default: Translation<Words[F]> }>): void {
  i18n.addResourceBundle('en', folder, english)
  german.set(folder, async () => (await load()).default)
}

/** Waits for the words of all code that is here, in the reader's language. Where they cannot be loaded, English serves. */
export async function wordsLoaded(): Promise<void> {
  if (wanted === 'de') await loadGerman().catch(() => undefined)
}

/** Changes the language, now and for the next visit. */
export async function speak(language: Language): Promise<void> {
  localStorage.setItem(KEY, language)
  wanted = language
  await wordsLoaded()
  await i18n.changeLanguage(language)
}

/** Must be done before anything is shown. */
export async function initWords(language: Language = preferred()): Promise<void> {
  wanted = language
  await wordsLoaded()
  if (language !== i18n.language && i18n.hasResourceBundle(language, 'parts')) await i18n.changeLanguage(language)
}
