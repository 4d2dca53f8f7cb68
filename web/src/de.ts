import alerts from './alerts/words.de'
import answer from './answer/words.de'
import ask from './ask/words.de'
import catalog from './catalog/words.de'
import channels from './channels/words.de'
import connections from './connections/words.de'
import dashboards from './dashboards/words.de'
import exports from './exports/words.de'
import type { en, Translation } from './i18n'
import parts from './parts/words.de'
import settings from './settings/words.de'
import shell from './shell/words.de'
import signIn from './sign-in/words.de'
import sql from './sql/words.de'

/** German. A key that is missing does not compile. */
export const de: Translation<typeof en> = { alerts, answer, ask, catalog, channels, connections, dashboards, exports, parts, settings, shell, signIn, sql }
