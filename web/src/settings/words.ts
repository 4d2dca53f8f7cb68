import { addWords } from '../i18n'
import en from './words.en'

addWords('settings', en, () => import('./words.de'))
