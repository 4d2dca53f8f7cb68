import { expect, it } from 'vitest'
import { OWNER, ask, status } from './browser'
import { journey } from './journey'

const { server, visit } = journey()

it('renews an expired access token silently, once for all requests', async () => {
  const { page, context } = await visit({ session: 'own' })
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

it('goes on following a question when its socket is closed for an expired token', async () => {
  const { page, context } = await visit({ session: 'own' })
  const locker = await server.connect('sample_company')
  await locker.query('BEGIN; LOCK TABLE public.orders IN ACCESS EXCLUSIVE MODE')
  let sockets = 0
  await page.routeWebSocket(/\/events/, (socket) => {
    const first = ++sockets === 1
    socket.connectToServer().onMessage((message) => {
      socket.send(message)
      if (first && /"kind":"query".*"status":"running"/.test(String(message))) {
        void context.clearCookies({ name: 'dm_access' }).then(() => socket.close({ code: 4401, reason: 'sign in again' }))
      }
    })
  })
  const renewed = page.waitForResponse((response) => response.url().endsWith('/auth/refresh') && response.ok())
  const card = await ask(page, 'How many orders are there by channel?')
  await renewed
  await locker.end() // lets the query go on
  await status(card, 'answered')
  await card.getByTestId('rows').waitFor()
  expect(sockets).toBe(2)
})

it('signs out, and back in to where one was', async () => {
  const { page } = await visit({ session: 'own' })
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
  await page.goto('/settings/profile')
  await page.getByLabel('Name').waitFor()
  await context.request.post('/api/v1/auth/logout-all', { headers: { Origin: server.url } })
  await page.getByRole('link', { name: 'Connections' }).click()
  await page.getByRole('heading', { name: 'Sign in to DataMind' }).waitFor()
})
