import { addWords } from '../i18n'
import en from './words.en'

addWords('exports', en, () => import('./words.de'))
