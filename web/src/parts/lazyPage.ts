import { lazyRouteComponent as lazyRoute } from '@tanstack/react-router'
import { lazy } from 'react'
import { whenReachable } from '../api/client'
import { wordsLoaded } from '../i18n'

/** Loads code, once the server can be reached, and the words that it shows. */
async function loaded<T>(load: () => Promise<T>): Promise<T> {
  const code = await whenReachable(load)
  await wordsLoaded()
  return code
}

/** As the router's own, which would load the whole page anew, and lose it, where the server cannot be reached. */
export const lazyRouteComponent: typeof lazyRoute = (load, name) => lazyRoute(() => loaded(load), name)

/** As React's own, for a part of a page. */
export const lazyPart: typeof lazy = (load) => lazy(() => loaded(load))
