import '@mantine/core/styles.css'
import { createTheme, type CSSVariablesResolver, MantineProvider } from '@mantine/core'
import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { onSignedOut, Problem } from './api/client'
import { connectionsQuery, meQuery } from './api/queries'
import { onAnnounced } from './api/tabs'
import { initWords } from './i18n'
import { router } from './router'
import './style.css'

// Shades that reach the contrast of WCAG AA, which Mantine's own do not.
const theme = createTheme({
  primaryColor: 'teal',
  primaryShade: 9,
  defaultRadius: 'md',
  fontFamily: 'Inter, system-ui, -apple-system, "Segoe UI", sans-serif',
})

const variables: CSSVariablesResolver = () => ({
  variables: { '--mantine-color-teal-filled-hover': '#066e50', '--mantine-primary-color-filled-hover': '#066e50' },
  light: {
    '--mantine-color-dimmed': '#5c636a', '--mantine-color-placeholder': '#6b7278', '--mantine-color-teal-light-color': '#05614a',
    '--mantine-color-orange-light-color': '#943000', '--mantine-color-yellow-light-color': '#7a4400', '--mantine-color-red-light-color': '#a51d1d',
  },
  dark: { '--mantine-color-dimmed': '#a6a7ab', '--mantine-color-placeholder': '#8e8f93' },
})

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      networkMode: 'always', // a request that fails says so; the page asks again by itself
      retry: (count, error) => count < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
    },
  },
})

/** The pages of those who are not signed in. */
const ALONE = ['/sign-in', '/link', '/invitation', '/public']

function signedOut() {
  const { pathname } = router.state.location
  if (ALONE.includes(pathname)) return
  void router.navigate({ to: '/sign-in', search: pathname === '/' ? {} : { next: pathname } }).then(() => queries.clear())
}
onSignedOut(signedOut)

// Who is signed in is the same in all tabs: nothing of another person or organisation stays on the page.
onAnnounced((change) => {
  if (change === 'out') signedOut()
  else location.replace((router.state.location.search as { next?: string }).next ?? '/')
})

async function show(root: HTMLElement) {
  // Until all of it is there, the frame in index.html is seen instead of nothing.
  if (!ALONE.includes(location.pathname)) void queries.prefetchQuery(meQuery)
  if (location.pathname === '/') void queries.prefetchQuery(connectionsQuery)
  await Promise.all([initWords(), router.load()])
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
        <QueryClientProvider client={queries}>
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  )
}

// Not awaited here: the code of other pages is loaded meanwhile, and begins only after this file has come to its end.
const root = document.getElementById('root')
if (root) void show(root)
