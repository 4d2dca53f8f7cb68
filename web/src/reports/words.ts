import '../alerts/words' // of the schedule
import '../dashboards/words' // of the filters
import { addWords } from '../i18n'
import en from './words.en'

addWords('reports', en, () => import('./words.de'))
