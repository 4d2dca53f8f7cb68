import ask from './ask/words.de'
import type { Translation, Words } from './i18n'
import parts from './parts/words.de'
import shell from './shell/words.de'

/** The first view's words in German. A key that is missing does not compile. */
export const de: Translation<Pick<Words, 'ask' | 'parts' | 'shell'>> = { ask, parts, shell }
