import { type Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { ask, status } from './browser'
import { journey } from './journey'

const { visit } = journey()

const row = (page: Page, name: string) => page.getByRole('main').getByRole('listitem').filter({ has: page.getByRole('link', { name, exact: true }) })

it('watches the sample company from the first start on', async () => {
  const { page } = await visit()
  await page.goto('/alerts')
  for (const name of ['Refund share above 3 % in the last 7 days', 'Daily revenue outside its band']) {
    await row(page, name).getByText('Last run').waitFor()
    expect(['ok', 'firing']).toContain(await row(page, name).getAttribute('data-status'))
  }
  await page.getByRole('link', { name: 'Refund share above 3 % in the last 7 days' }).click()
  await page.getByRole('heading', { level: 1, name: 'Refund share above 3 % in the last 7 days' }).waitFor()
  await page.getByRole('button', { name: 'Change', exact: true }).click()
  const form = page.getByRole('dialog', { name: 'Change the alert' })
  await form.getByRole('button', { name: 'Try the last 90 days' }).click()
  await form.getByText(/It would (not )?have fired/).waitFor()
})

it('makes an alert of an answer with two clicks, and is run, snoozed, paused, resumed and deleted', async () => {
  const { page } = await visit()
  const card = await ask(page, 'How many orders were there yesterday?')
  await status(card, 'answered')
  await card.getByRole('button', { name: 'Make an alert' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Make alert' }).click()
  const name = await card.getByText('The alert is made.').getByRole('link').getAttribute('href')
  await page.goto('/alerts')
  const mine = page.getByRole('main').locator(`a[href="${name ?? ''}"]`)
  await mine.waitFor()
  await mine.click()

  await page.getByRole('button', { name: 'Run now' }).click()
  await page.getByText(/Last run/).waitFor()
  await page.getByRole('region', { name: 'Value against condition' }).locator('svg, canvas').first().waitFor()
  await expect.poll(() => page.getByTestId('status').innerText()).toMatch(/^(OK|firing)$/i)

  await page.getByRole('button', { name: 'Snooze' }).click()
  await page.getByRole('menuitem', { name: 'for an hour' }).click()
  await page.getByText(/^Snoozed until/).waitFor()
  await page.getByRole('button', { name: 'End snooze' }).click()
  await page.getByRole('button', { name: 'Snooze', exact: true }).waitFor()

  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText('It is paused.').waitFor()
  await page.reload()
  await page.getByText('It is paused.').waitFor()
  await page.getByRole('button', { name: 'Resume' }).click()
  await page.getByText('It is paused.').waitFor({ state: 'detached' })
  await page.getByText(/Next run/).waitFor()
  for (const event of ['Snoozed', 'Snooze ended', 'Paused', 'Resumed']) await page.getByText(event, { exact: true }).first().waitFor()

  await page.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.waitForURL('**/alerts')
  await page.getByRole('link', { name: 'Daily revenue outside its band' }).waitFor()
  await mine.waitFor({ state: 'detached' })
})

it('reads an alert in words, and says what it would do now', async () => {
  const { page } = await visit()
  await page.goto('/alerts')
  await page.getByRole('button', { name: 'New alert' }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('What do you want to be told?').fill('tell me when refunds exceed 3 % of revenue in a week')
  await form.getByRole('button', { name: 'Read' }).click()
  await form.getByText(/^It would (not )?fire now/).waitFor({ timeout: 30_000 })
  await form.getByText('the value is above 3 %').waitFor()
  await form.getByLabel('Name').fill('Refunds in words')
  await form.getByRole('button', { name: 'Make alert' }).click()
  await page.getByRole('heading', { level: 1, name: 'Refunds in words' }).waitFor()
})
