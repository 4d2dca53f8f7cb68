import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { ask, status } from './browser'
import { journey } from './journey'

const { visit } = journey()
const SAMPLE = 'Sales every Monday'

/** Presses a button and looks at the file that it saves: that it is a PDF. */
async function pdfOf(page: Page, press: () => Promise<void>): Promise<void> {
  const saved = page.waitForEvent('download', { timeout: 60_000 })
  await press()
  const file = await saved
  expect(file.suggestedFilename()).toMatch(/^Sales.*\.pdf$/)
  const raw = readFileSync(await file.path())
  expect(raw.subarray(0, 5).toString()).toBe('%PDF-')
}

const runs = (page: Page) => page.getByRole('region', { name: 'Runs' }).getByTestId('run')

/** Runs the report that is shown and waits for the end of the run. */
async function runNow(page: Page, button: string): Promise<void> {
  const before = await runs(page).count()
  await page.getByRole('button', { name: button }).click()
  await expect.poll(() => runs(page).count(), { timeout: 20_000 }).toBe(before + 1)
  await page.locator('[data-testid=run]:not([data-status=running])').nth(before).waitFor({ timeout: 60_000 })
}

it('shows the report of the sample company, runs it and opens its PDF', async () => {
  const { page } = await visit()
  await page.goto('/reports')
  const row = page.getByRole('main').getByRole('listitem').filter({ hasText: SAMPLE })
  await row.getByText('every Monday at 08:00').waitFor()
  await page.getByRole('link', { name: SAMPLE }).click()
  await page.getByRole('heading', { level: 1, name: SAMPLE }).waitFor()
  await page.getByText('Nothing is mailed to members').waitFor()
  await pdfOf(page, () => page.getByRole('button', { name: 'Preview' }).click())

  await runNow(page, 'Run now')
  const run = runs(page).first()
  expect(await run.getAttribute('data-status')).toBe('sent')
  await run.getByText('There is no e-mail channel').waitFor() // the reason why it was not mailed
  await pdfOf(page, () => run.getByRole('button', { name: /^Save PDF/ }).click())
  await runNow(page, 'Send to me only')
  await runs(page).first().getByText('to you alone').waitFor()
})

it('makes a report of a dashboard with the values of its filters, pauses, changes and deletes it', async () => {
  const { page } = await visit()
  await page.goto('/dashboards')
  await page.getByTestId('dashboard').filter({ hasText: 'Sales at a glance' }).first().click()
  await page.getByRole('button', { name: 'More about the dashboard' }).click()
  await page.getByRole('menuitem', { name: 'Send on a schedule' }).click()
  const form = page.getByRole('dialog')
  await form.getByTestId('when').getByText('every Monday at 08:00').waitFor()
  await form.getByText('A member is mailed what they may see themselves.').waitFor()
  await form.getByRole('textbox', { name: 'Name' }).fill('Sales for Ada')
  await pdfOf(page, () => form.getByRole('button', { name: 'Preview' }).click())
  await form.getByRole('button', { name: 'Make report' }).click()
  await form.getByRole('link', { name: 'Open the report' }).click()

  await page.getByRole('heading', { level: 1, name: 'Sales for Ada' }).waitFor()
  await page.getByRole('link', { name: 'Dashboard: Sales at a glance' }).waitFor()
  await runNow(page, 'Run now')
  expect(await runs(page).first().getAttribute('data-status')).toBe('sent')

  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText('It is paused').waitFor()
  await page.reload()
  await page.getByTestId('advice').filter({ hasText: 'It is paused' }).getByRole('button', { name: 'Resume' }).click()
  await page.getByText('It is paused').waitFor({ state: 'detached' })

  await page.getByRole('button', { name: 'Change', exact: true }).click()
  await form.getByRole('button', { name: 'Change: When' }).click()
  await form.getByLabel('How often').first().click()
  await form.getByRole('option', { name: 'Monday to Friday' }).click()
  await form.getByLabel('Send nothing when nothing changed').check()
  await form.getByRole('button', { name: 'Save' }).click()
  await form.waitFor({ state: 'detached' })
  await page.getByText('Monday to Friday at 08:00').waitFor()
  await page.getByText('nothing is sent when nothing changed').waitFor()

  await page.getByRole('button', { name: 'Delete' }).click()
  await form.getByRole('button', { name: 'Delete' }).click()
  await page.waitForURL('**/reports')
  await page.getByRole('link', { name: SAMPLE }).waitFor()
  await page.getByRole('link', { name: 'Sales for Ada' }).waitFor({ state: 'detached' })
})

it('asks the questions of a conversation again', async () => {
  const { page } = await visit()
  const card = await ask(page, 'How many orders were there last week?')
  await status(card, 'answered')
  await page.getByRole('button', { name: 'Conversation', exact: true }).click()
  await page.getByRole('menuitem', { name: 'Ask again on a schedule' }).click()
  const form = page.getByRole('dialog')
  await form.getByTestId('standing').getByText('How many orders were there last week?').waitFor()
  await form.getByRole('button', { name: 'Make report' }).click()
  await form.getByRole('link', { name: 'Open the report' }).click()
  await page.getByText('read anew at each run').waitFor()
  await page.getByRole('link', { name: 'From a conversation' }).waitFor()
  await runNow(page, 'Run now')
  expect(await runs(page).first().getAttribute('data-status')).toBe('sent')

  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: 'Ask, find or go to' }).fill(SAMPLE)
  await page.getByRole('option', { name: new RegExp(`${SAMPLE}.*Reports`) }).click()
  await page.getByRole('heading', { level: 1, name: SAMPLE }).waitFor()
})
