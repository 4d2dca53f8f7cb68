import { addWords } from '../i18n'
import en from './words.en'

addWords('answer', en, () => import('./words.de'))
