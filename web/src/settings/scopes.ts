import { useTranslation } from 'react-i18next'
import type en from './words.en'

type Known = keyof typeof en.scope

/** A permission in words; as it is where this page does not know it. */
export function useScopeWords(): (scope: string) => string {
  const { t } = useTranslation('settings')
  return (scope) => t(`scope.${scope.replace('.', '_') as Known}`, { defaultValue: scope })
}

/** What a key gets unless something else is chosen: what a script that asks needs. */
export const FOR_ASKING = ['questions.read', 'ask', 'connections.read', 'catalog.read']
