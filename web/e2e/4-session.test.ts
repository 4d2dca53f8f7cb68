import { expect, it } from 'vitest'
import { OWNER, ask, status } from './browser'
import { journey } from './journey'

const { server, visit } = journey()

it('renews an expired access token silently, once for all requests', async () => {
  const { page, context } = await visit()
  await page.goto('/connections')
  await page.getByText('Sample company').waitFor()
  const expire = async () => context.clearCookies({ name: 'dm_access' })
  let renewals = 0
  page.on('request', (request) => { if (request.url().endsWith('/auth/refresh')) renewals++ })

  await expire()
  await page.reload() // several requests at once
  await page.getByRole('region', { name: 'Sample company' }).waitFor()
  expect(renewals).toBe(1)

  await expire() // and in the middle, with a socket that is then refused
  const card = await ask(page, 'How many orders are there?')
  await status(card, 'answered')
  expect(renewals).toBe(2)
  expect((await context.cookies()).some((c) => c.name === 'dm_access' && c.httpOnly)).toBe(true)
})

it('signs out, and back in to where one was', async () => {
  const { page } = await visit()
  await page.goto('/connections')
  await page.getByTestId('person-name').getByText(OWNER.name).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in to DataMind' }).waitFor()
  await page.goto('/connections')
  await page.waitForURL('**/sign-in?next=*')

  await page.getByLabel('E-mail').fill(OWNER.email)
  await page.getByLabel(/^Password/).fill('not the password')
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByRole('alert').waitFor()
  await page.getByLabel(/^Password/).fill(OWNER.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(server.url + '/connections')
  await page.getByText('Sample company').waitFor()
})

it('goes to the sign-in page when the session was ended elsewhere', async () => {
  const { page, context } = await visit()
  await page.goto('/profile')
  await page.getByLabel('Name').waitFor()
  await context.request.post('/api/v1/auth/logout-all', { headers: { Origin: server.url } })
  await page.getByRole('link', { name: 'Connections' }).click()
  await page.getByRole('heading', { name: 'Sign in to DataMind' }).waitFor()
})
