import i18n from 'i18next'
import { initReactI18next } from 'react-i18next'
import alerts from './alerts/words.en'
import answer from './answer/words.en'
import ask from './ask/words.en'
import catalog from './catalog/words.en'
import channels from './channels/words.en'
import connections from './connections/words.en'
import dashboards from './dashboards/words.en'
import exports from './exports/words.en'
import parts from './parts/words.en'
import settings from './settings/words.en'
import shell from './shell/words.en'
import signIn from './sign-in/words.en'
import sql from './sql/words.en'

/** Every word of the page, by the folder that shows it. Other languages have the same keys, and load when chosen. */
export const en = { alerts, answer, ask, catalog, channels, connections, dashboards, exports, parts, settings, shell, signIn, sql }

/** The same keys with other words. */
export type Translation<T> = { [K in keyof T]: T[K] extends string ? string : Translation<T[K]> }

declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'parts'
    resources: typeof en
  }
}

/** The languages that there are, as their speakers call them. */
export const LANGUAGES = { en: 'English', de: 'Deutsch' } as const
export type Language = keyof typeof LANGUAGES

const KEY = 'datamind.language'

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

/** Changes the language, now and for the next visit. */
export async function speak(language: Language): Promise<void> {
  localStorage.setItem(KEY, language)
  await load(language)
  await i18n.changeLanguage(language)
}

async function load(language: Language): Promise<void> {
  if (language !== 'de' || i18n.hasResourceBundle('de', 'parts')) return
  const { de } = await import('./de')
  for (const [folder, words] of Object.entries(de)) i18n.addResourceBundle('de', folder, words)
}

/** Must be done before anything is shown. */
export async function initWords(language: Language = preferred()): Promise<void> {
  await i18n.use(initReactI18next).init({
    lng: 'en', fallbackLng: 'en', resources: { en }, defaultNS: 'parts',
    interpolation: { escapeValue: false }, // React escapes
  })
  i18n.on('languageChanged', (l) => { document.documentElement.lang = l })
  if (language !== 'en') {
    await load(language).then(() => i18n.changeLanguage(language), () => undefined) // English serves as well
  }
}
