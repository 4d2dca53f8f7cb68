import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { status } from './browser'
import { journey } from './journey'

const { visit } = journey()

it('exports SQL of the editor, shows the progress and downloads the file', async () => {
  const { page } = await visit()
  await page.goto('/sql')
  await page.getByTestId('sql-editor').getByRole('textbox').fill('SELECT id, name FROM stores')
  await page.getByRole('button', { name: 'Export' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByTestId('estimate').getByText('goes on where it was').waitFor()
  await dialog.getByRole('button', { name: 'Export' }).click()
  await dialog.locator('[data-status="done"]').waitFor()
  const [file] = await Promise.all([page.waitForEvent('download'), dialog.getByRole('button', { name: 'Download' }).click()])
  expect(file.suggestedFilename()).toMatch(/^SELECT-id-name-FROM-stores\.csv$/)
  const lines = readFileSync(await file.path(), 'utf8').trim().split('\n')
  expect(lines[0]).toBe('id,name')
  expect(lines.length).toBeGreaterThan(1)
  await dialog.getByRole('link', { name: 'Exports' }).click()
  const item = page.locator('article[data-status="done"]').first()
  await item.getByText('All rows are of one moment of the database.').waitFor()
  await item.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('Nothing exported yet.').waitFor()
})

it('exports an answer, and says what is wrong with a query that cannot be', async () => {
  const { page } = await visit()
  await page.goto('/sql')
  await page.getByTestId('sql-editor').getByRole('textbox').fill('SELECT count(*) AS stores FROM stores')
  await page.getByRole('button', { name: 'Run', exact: true }).click()
  const card = page.locator('article').first()
  await status(card, 'answered')
  await card.getByRole('button', { name: 'Export' }).click()
  await page.getByRole('dialog').getByTestId('estimate').getByText('begins again').waitFor()
  await page.keyboard.press('Escape')
  await page.goto('/sql')
  await page.getByTestId('sql-editor').getByRole('textbox').fill('SELECT nope FROM stores')
  await page.getByRole('button', { name: 'Export' }).first().click() // the editor's; a result below has one of its own
  await page.getByRole('dialog').getByRole('alert').getByText('There is no column nope').waitFor()
})
