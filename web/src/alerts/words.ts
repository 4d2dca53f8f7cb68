import { addWords } from '../i18n'
import en from './words.en'

addWords('alerts', en, () => import('./words.de'))
