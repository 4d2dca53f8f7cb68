interface Page {
  name: 'ask' | 'dashboards' | 'alerts' | 'reports' | 'sql' | 'catalog' | 'exports' | 'connections' | 'settings'
  to: '/' | '/dashboards' | '/alerts' | '/reports' | '/sql' | '/catalog' | '/exports' | '/connections' | '/settings'
  /** The permission without which it is not shown. */
  needs?: string
}

/** The pages of the menu, in its order. */
export const PAGES: readonly Page[] = [
  { name: 'ask', to: '/' },
  { name: 'dashboards', to: '/dashboards', needs: 'dashboards.read' },
  { name: 'alerts', to: '/alerts', needs: 'alerts.read' },
  { name: 'reports', to: '/reports', needs: 'reports.read' },
  { name: 'sql', to: '/sql', needs: 'ask' },
  { name: 'catalog', to: '/catalog', needs: 'catalog.read' },
  { name: 'exports', to: '/exports', needs: 'exports.read' },
  { name: 'connections', to: '/connections' },
  { name: 'settings', to: '/settings' },
]
