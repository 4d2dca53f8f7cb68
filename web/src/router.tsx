import { createRootRoute, createRoute, createRouter, Outlet } from '@tanstack/react-router'
import { Ask } from './pages/Ask'
import { Connections } from './pages/Connections'
import { Conversation } from './pages/Conversation'
import { LinkSignIn, SignIn } from './pages/SignIn'
import { NotFound } from './pages/NotFound'
import { Profile } from './pages/Profile'
import { Shell } from './pages/Shell'

const root = createRootRoute({ component: Outlet })
const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell })

const routes = root.addChildren([
  createRoute({
    getParentRoute: () => root, path: '/sign-in', component: SignIn,
    // Where to go afterwards: a path of this page only.
    validateSearch: ({ next }: Record<string, unknown>): { next?: string } =>
      typeof next === 'string' && /^\/[a-z]/.test(next) ? { next } : {},
  }),
  createRoute({ getParentRoute: () => root, path: '/link', component: LinkSignIn }),
  shell.addChildren([
    createRoute({ getParentRoute: () => shell, path: '/', component: Ask }),
    createRoute({ getParentRoute: () => shell, path: '/conversations/$id', component: Conversation }),
    createRoute({ getParentRoute: () => shell, path: '/connections', component: Connections }),
    createRoute({ getParentRoute: () => shell, path: '/profile', component: Profile }),
  ]),
])

export const router = createRouter({ routeTree: routes, defaultNotFoundComponent: NotFound })

declare module '@tanstack/react-router' {
  interface Register { router: typeof router }
}
