import { createRootRoute, createRoute, createRouter, Outlet } from '@tanstack/react-router'
import { Ask } from './ask/Ask'
import { loadConversation } from './answer/load'
import { valuesIn } from './dashboards/values'
import { lazyRouteComponent } from './parts/lazyPage'
import { NotFound } from './shell/NotFound'
import { Shell } from './shell/Shell'

// What most visits do not need is loaded when it is opened.
const root = createRootRoute({ component: Outlet })
const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell })

const routes = root.addChildren([
  createRoute({
    getParentRoute: () => root, path: '/sign-in', component: lazyRouteComponent(() => import('./sign-in/SignIn'), 'SignIn'),
    // Where to go afterwards: a path of this page only.
    validateSearch: ({ next }: Record<string, unknown>): { next?: string } =>
      typeof next === 'string' && /^\/[a-z]/.test(next) ? { next } : {},
  }),
  createRoute({ getParentRoute: () => root, path: '/link', component: lazyRouteComponent(() => import('./sign-in/SignIn'), 'LinkSignIn') }),
  createRoute({ getParentRoute: () => root, path: '/invitation', component: lazyRouteComponent(() => import('./sign-in/Invitation'), 'Invitation') }),
  createRoute({ getParentRoute: () => root, path: '/public', component: lazyRouteComponent(() => import('./dashboards/PublicPage'), 'PublicPage') }),
  shell.addChildren([
    createRoute({ getParentRoute: () => shell, path: '/', component: Ask,
      // A question to begin with, and the connection to ask.
      validateSearch: ({ q, connection }: Record<string, unknown>): { q?: string; connection?: string } =>
        ({ ...(typeof q === 'string' && { q }), ...(typeof connection === 'string' && { connection }) }) }),
    createRoute({ getParentRoute: () => shell, path: '/conversations/$id', component: lazyRouteComponent(loadConversation, 'Conversation') }),
    createRoute({ getParentRoute: () => shell, path: '/sql', component: lazyRouteComponent(() => import('./sql/SqlPage'), 'SqlPage'),
      // A database, or a saved query to open.
      validateSearch: ({ connection, saved }: Record<string, unknown>): { connection?: string; saved?: string } =>
        ({ ...(typeof connection === 'string' && { connection }), ...(typeof saved === 'string' && { saved }) }) }),
    createRoute({ getParentRoute: () => shell, path: '/catalog', component: lazyRouteComponent(() => import('./catalog/Catalog'), 'Catalog'),
      validateSearch: ({ connection, view }: Record<string, unknown>): { connection?: string; view?: string } =>
        ({ ...(typeof connection === 'string' && { connection }), ...(typeof view === 'string' && { view }) }) }),
    createRoute({ getParentRoute: () => shell, path: '/catalog/$connection/$schema/$table', component: lazyRouteComponent(() => import('./catalog/TablePage'), 'TablePage') }),
    createRoute({ getParentRoute: () => shell, path: '/dashboards', component: lazyRouteComponent(() => import('./dashboards/Dashboards'), 'Dashboards') }),
    createRoute({ getParentRoute: () => shell, path: '/dashboards/$id', component: lazyRouteComponent(() => import('./dashboards/DashboardPage'), 'DashboardPage'),
      // Values of its filters, and whether it is being changed.
      validateSearch: ({ values, edit }: Record<string, unknown>): { values?: Record<string, unknown>; edit?: boolean } =>
        ({ ...(!!values && { values: valuesIn(values) }), ...(edit === true && { edit }) }) }),
    createRoute({ getParentRoute: () => shell, path: '/exports', component: lazyRouteComponent(() => import('./exports/ExportsPage'), 'ExportsPage') }),
    createRoute({ getParentRoute: () => shell, path: '/exports/scheduled', component: lazyRouteComponent(() => import('./exports/ScheduledPage'), 'ScheduledPage') }),
    createRoute({ getParentRoute: () => shell, path: '/alerts', component: lazyRouteComponent(() => import('./alerts/Alerts'), 'Alerts') }),
    createRoute({ getParentRoute: () => shell, path: '/alerts/$id', component: lazyRouteComponent(() => import('./alerts/AlertPage'), 'AlertPage') }),
    createRoute({ getParentRoute: () => shell, path: '/reports', component: lazyRouteComponent(() => import('./reports/Reports'), 'Reports') }),
    createRoute({ getParentRoute: () => shell, path: '/reports/$id', component: lazyRouteComponent(() => import('./reports/ReportPage'), 'ReportPage') }),
    createRoute({ getParentRoute: () => shell, path: '/connections', component: lazyRouteComponent(() => import('./connections/Connections'), 'Connections') }),
    createRoute({ getParentRoute: () => shell, path: '/settings/{-$section}', component: lazyRouteComponent(() => import('./settings/Settings'), 'Settings') }),
  ]),
])

export const router = createRouter({ routeTree: routes, defaultNotFoundComponent: NotFound })

declare module '@tanstack/react-router' {
  interface Register { router: typeof router }
}
