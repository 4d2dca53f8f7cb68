import { expect, it } from 'vitest'
import { status } from './browser'
import { journey } from './journey'

const { visit } = journey()

it('says that it is offline, keeps the page, and goes on by itself', async () => {
  const { page, context } = await visit()
  await page.goto('/')
  await page.getByTestId('suggestion').first().waitFor()
  await context.setOffline(true)
  await page.getByText('DataMind cannot be reached').first().waitFor()
  await page.getByRole('link', { name: 'Catalog' }).click() // whose code is not here yet
  await page.getByTestId('person-name').waitFor()
  await context.setOffline(false)
  await page.getByRole('link', { name: 'orders', exact: true }).waitFor()
  await page.getByText('DataMind cannot be reached').first().waitFor({ state: 'detached' })
  expect(new URL(page.url()).pathname).toBe('/catalog')
})

it('answers without live events, and says how', async () => {
  const { page } = await visit()
  await page.routeWebSocket(/\/events/, (socket) => socket.close({ code: 1011 }))
  await page.goto('/')
  await page.getByTestId('suggestion').first().click()
  await page.waitForURL('**/conversations/*')
  const card = page.locator('article')
  await status(card, 'answered', 30_000)
  await card.getByTestId('rows').waitFor()
})
