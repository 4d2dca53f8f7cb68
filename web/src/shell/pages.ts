interface Page {
  name: 'ask' | 'sql' | 'catalog' | 'alerts' | 'connections' | 'settings'
  to: '/' | '/sql' | '/catalog' | '/alerts' | '/connections' | '/settings'
  /** The permission without which it is not shown. */
  needs?: string
}

/** The pages of the menu, in its order. */
export const PAGES: readonly Page[] = [
  { name: 'ask', to: '/' },
  { name: 'sql', to: '/sql', needs: 'ask' },
  { name: 'catalog', to: '/catalog', needs: 'catalog.read' },
  { name: 'alerts', to: '/alerts', needs: 'alerts.read' },
  { name: 'connections', to: '/connections' },
  { name: 'settings', to: '/settings' },
]
