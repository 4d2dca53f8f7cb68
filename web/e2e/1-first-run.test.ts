import { expect, it } from 'vitest'
import { OWNER, status } from './browser'
import { journey } from './journey'

const { server, visit } = journey()

it('leads from the one-time link to an answered question, and to a password', async () => {
  const { page } = await visit({ session: 'none' })
  await page.goto(server.link)
  await page.getByRole('heading', { name: 'What would you like to know?' }).waitFor()
  expect(page.url(), 'the token must not stay in the address').toBe(server.url + '/')
  await page.getByText('Answered by the built-in planner').waitFor()

  const suggestion = page.getByTestId('suggestion').first()
  const question = (await suggestion.innerText()).trim()
  await suggestion.click()
  const card = page.locator('article')
  await status(card, 'answered')
  await card.getByRole('heading', { name: question }).waitFor()
  await card.getByTestId('chart').locator('svg').waitFor()
  expect(await card.getByTestId('answer-text').innerText()).toMatch(/\d/)
  expect(await card.getByTestId('rows').locator('tbody tr').count()).toBeGreaterThan(1)
  expect(await card.getByTestId('sql').innerText()).toMatch(/^SELECT/)
  expect(await card.getByTestId('planner').innerText()).toContain('the built-in planner (no model)')
  await card.getByRole('button', { name: /Show steps/ }).click()
  for (const kind of ['plan', 'guard', 'query', 'analyse']) await card.locator(`[data-step="${kind}"][data-status="done"]`).waitFor()

  await page.getByText('No password yet').waitFor()
  await page.getByRole('link', { name: 'Profile' }).click()
  await page.getByLabel('Name').fill(OWNER.name)
  await page.getByLabel('E-mail').fill(OWNER.email)
  await page.getByLabel(/^Password/).fill(OWNER.password)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('Saved.').waitFor()
  await page.getByTestId('person-name').getByText(OWNER.name).waitFor()
  await page.getByTestId('person-email').getByText(`${OWNER.email} · owner`).waitFor()
})

it('says what to do when the link has been used', async () => {
  const { page } = await visit({ session: 'none' })
  await page.goto(server.link)
  await page.getByRole('alert').waitFor()
  await page.getByRole('link', { name: 'Sign in with a password' }).click()
  await page.getByRole('heading', { name: 'Sign in to DataMind' }).waitFor()
})
