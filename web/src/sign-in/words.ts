import { addWords } from '../i18n'
import en from './words.en'

addWords('signIn', en, () => import('./words.de'))
