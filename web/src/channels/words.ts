import { addWords } from '../i18n'
import en from './words.en'

addWords('channels', en, () => import('./words.de'))
