import { addWords } from '../i18n'
import en from './words.en'

addWords('sql', en, () => import('./words.de'))
