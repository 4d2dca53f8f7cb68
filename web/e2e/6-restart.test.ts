import { expect, it } from 'vitest'
import { ask, status } from './browser'
import { journey } from './journey'

const { server, visit } = journey()

it('recovers under the page when the server is killed and started again, and the question ends', async () => {
  const { page } = await visit()
  const locker = await server.connect('sample_company')
  await locker.query('BEGIN; LOCK TABLE public.orders IN ACCESS EXCLUSIVE MODE')
  locker.on('error', () => undefined) // its server goes too
  const card = await ask(page, 'How many orders are there by channel?')
  await card.locator('[data-step="query"][data-status="running"]').waitFor()

  await server.crash()
  await page.getByText('DataMind cannot be reached').first().waitFor()
  await server.start()
  await page.getByText('DataMind cannot be reached').first().waitFor({ state: 'detached' })
  await status(card, 'answered', 30_000)
  await card.getByTestId('chart').locator('svg').waitFor()

  const next = await ask(page, 'How many orders are there?')
  await status(next, 'answered')
  expect(await page.getByTestId('person-name').innerText()).not.toBe('')
})
