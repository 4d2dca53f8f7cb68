import { lazyRouteComponent as lazy } from '@tanstack/react-router'
import { whenReachable } from '../api/client'

/** As the router's own, which would load the whole page anew, and lose it, where the server cannot be reached. */
export const lazyRouteComponent: typeof lazy = (load, name) => lazy(() => whenReachable(load), name)
