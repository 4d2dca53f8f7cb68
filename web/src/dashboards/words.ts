import { addWords } from '../i18n'
import en from './words.en'

addWords('dashboards', en, () => import('./words.de'))
