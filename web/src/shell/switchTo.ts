import { api, unwrap } from '../api/client'

/** Goes on in another organisation. The page is loaded anew: nothing of this one stays in it. */
export async function switchTo(organisation: string): Promise<void> {
  await unwrap(api.POST('/api/v1/auth/switch', { body: { organisation_id: organisation } }))
  location.assign('/')
}
