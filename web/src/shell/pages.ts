interface Page {
  name: 'ask' | 'connections' | 'settings'
  to: '/' | '/connections' | '/settings'
  /** The permission without which it is not shown. */
  needs?: string
}

/** The pages of the menu, in its order. */
export const PAGES: readonly Page[] = [
  { name: 'ask', to: '/' },
  { name: 'connections', to: '/connections' },
  { name: 'settings', to: '/settings' },
]
