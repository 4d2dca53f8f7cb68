import { useTranslation } from 'react-i18next'
import type en from './words.en'

type Known = keyof typeof en.action

/** An action of the audit log in words; as it is where this page does not know it. */
export function useActionWords(): (action: string) => string {
  const { t } = useTranslation('settings')
  return (action) => t(`action.${action.replace('.', '_') as Known}`, { defaultValue: action })
}

/** The actions by what they are of; each group begins with all of it, such as "connection.". */
export function grouped(actions: string[]): { group: string; items: string[] }[] {
  const groups = new Map<string, string[]>()
  for (const action of actions) {
    const prefix = action.slice(0, action.indexOf('.') + 1)
    groups.set(prefix, [...(groups.get(prefix) ?? []), action])
  }
  return [...groups].map(([prefix, items]) => ({ group: prefix.slice(0, -1), items: items.length > 1 ? [prefix, ...items] : items }))
}
