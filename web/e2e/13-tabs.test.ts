import type { BrowserContext, Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { ask, OWNER, status } from './browser'
import { journey } from './journey'

const { server, visit } = journey()

/** Another tab of the same browser, on the same page. */
async function tab(context: BrowserContext, beside: Page): Promise<Page> {
  const page = await context.newPage()
  await page.goto(beside.url())
  return page
}

it('shows one question live in two tabs, and a stop of one in the other', async () => {
  const { page, context } = await visit()
  const locker = await server.connect('sample_company')
  await locker.query('BEGIN; LOCK TABLE public.orders IN ACCESS EXCLUSIVE MODE')
  const card = await ask(page, 'How many orders are there by status?')
  const other = await tab(context, page)
  const same = other.locator('article').last()
  for (const one of [card, same]) await one.locator('[data-step="query"][data-status="running"]').waitFor()
  await same.getByRole('button', { name: 'Stop' }).click()
  await status(card, 'cancelled')
  await status(same, 'cancelled')
  await card.getByText('Nothing keeps running in the database.').waitFor()
  await locker.end()

  // What is asked again in one tab is there in the other once somebody looks at it.
  await card.getByRole('button', { name: 'Ask again' }).first().click()
  await status(page.locator('article').nth(1), 'answered')
  await other.reload()
  await other.locator('article').nth(1).getByTestId('rows').waitFor()
})

it('signs all tabs out at once, and in again', async () => {
  const { page, context } = await visit({ session: 'own' })
  await page.goto('/connections')
  await page.getByRole('region', { name: 'Sample company' }).waitFor()
  const other = await tab(context, page)
  await other.getByRole('region', { name: 'Sample company' }).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await other.getByRole('heading', { name: 'Sign in to DataMind' }).waitFor()
  expect(await other.getByText('Sample company').count()).toBe(0)

  await page.getByLabel('E-mail').fill(OWNER.email)
  await page.getByLabel(/^Password/).fill(OWNER.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByTestId('person-name').waitFor()
  await other.waitForURL('**/connections') // where it was
  await other.getByRole('region', { name: 'Sample company' }).waitFor()
})
