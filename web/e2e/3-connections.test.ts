import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { status } from './browser'
import { journey } from './journey'

const { server, visit } = journey()
const READER = 'sample_reader'

it('tests, connects and browses a database, and says what is wrong on the way', async () => {
  const { page } = await visit()
  const { port } = new URL(server.dsn('sample_company'))
  const password = readFileSync(join(server.data, 'secrets/sample-reader'), 'utf8').trim()
  await page.goto('/connections')
  await page.getByRole('button', { name: 'Connect a database' }).click()
  const form = page.getByRole('dialog')
  const fill = async (fields: Record<string, string>) => {
    for (const [label, value] of Object.entries(fields)) await form.getByLabel(new RegExp(`^${label}`)).first().fill(value)
  }
  await fill({ Name: 'Shop', Host: 'db.invalid', Port: port, Database: 'sample_company', User: READER, Password: password })
  await form.getByLabel('TLS').first().click()
  await page.getByRole('option', { name: 'Not encrypted' }).click()
  const test = async () => {
    await form.getByRole('button', { name: 'Test' }).click()
    return form.getByTestId('report').innerText()
  }
  expect(await test()).toMatch(/does not work yet[\s\S]*db\.invalid/)

  await fill({ Host: '127.0.0.1', Password: 'wrong' })
  expect(await test()).toMatch(/does not work yet[\s\S]*password/i)

  await fill({ Password: password })
  expect(await test()).toContain('It works')
  await form.getByRole('button', { name: 'Save' }).click()
  await form.getByText(/tables are known/).waitFor()
  await form.getByTestId('suggestion').first().waitFor()
  await form.getByRole('button', { name: 'Done' }).click()
  await form.waitFor({ state: 'detached' })

  const card = page.getByRole('region', { name: 'Shop' })
  await card.getByRole('link', { name: 'Catalog' }).click()
  await page.getByRole('link', { name: 'campaigns', exact: true }).first().waitFor()
  const admin = await server.connect('sample_company')
  await admin.query("COMMENT ON TABLE public.campaigns IS '<img src=http://127.0.0.1:9/z onerror=alert(5)> sales'")
  await admin.end()
  await page.getByRole('button', { name: 'Read again' }).click()
  await page.locator('[data-testid="reading"][data-status="reading"]').waitFor()
  await page.locator('[data-testid="reading"][data-status="ready"]').waitFor()
  await page.getByLabel('Search tables, columns').fill('onerror')
  await page.getByTestId('found').getByText('<img src=http://127.0.0.1:9/z onerror=alert(5)> sales').waitFor()
  await page.getByRole('link', { name: 'campaigns', exact: true }).first().click()
  await page.getByText('<img src=http://127.0.0.1:9/z onerror=alert(5)> sales').waitFor()
  await page.goto('/connections')
  await card.getByRole('button', { name: 'Test' }).click()
  await card.getByTestId('report').getByText('It works').waitFor()

  await page.goto('/')
  await page.getByRole('combobox', { name: 'Database' }).click()
  await page.getByRole('option', { name: 'Shop' }).click()
  await page.getByLabel('Your question').fill('How many stores are there?')
  await page.getByRole('button', { name: 'Ask', exact: true }).click()
  const answer = page.locator('article')
  await status(answer, 'answered')
  await answer.getByTestId('chart').getByText(/^\d+$/).waitFor()

  await page.goto('/connections')
  await card.getByRole('button', { name: 'Disconnect' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click()
  await page.getByRole('dialog').getByText('Conversations use this connection').waitFor()
  await page.goBack()
  await page.getByRole('button', { name: 'Conversation' }).click()
  await page.getByRole('menuitem', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.waitForURL(server.url + '/')

  await page.goto('/connections')
  await card.getByRole('button', { name: 'Disconnect' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Disconnect' }).click()
  await card.waitFor({ state: 'detached' })
})
