import { addWords } from '../i18n'
import en from './words.en'

addWords('catalog', en, () => import('./words.de'))
