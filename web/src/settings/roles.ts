import type { Role } from '../api/types'

const ROLES: readonly Role[] = ['viewer', 'analyst', 'admin', 'owner']

/** The roles that somebody may give: only owners make owners. */
export function rolesToGive(mine: Role): Role[] {
  return ROLES.filter((role) => role !== 'owner' || mine === 'owner')
}
