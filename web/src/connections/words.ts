import { addWords } from '../i18n'
import en from './words.en'

addWords('connections', en, () => import('./words.de'))
