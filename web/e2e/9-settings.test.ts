import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { journey } from './journey'
import { startModel } from './server'

const { server, visit } = journey()
const GRACE = { name: 'Grace Hopper', email: 'grace@example.com', password: 'seven yellow umbrellas' }

let model: { url: string; stop: () => void }
beforeAll(async () => {
  const script = join(server.data, 'settings-model.json')
  writeFileSync(script, JSON.stringify({ models: ['scripted'], rules: [{ kind: 'plan', sql: 'SELECT count(*) FROM public.orders' }] }))
  model = await startModel(script)
})
afterAll(() => model.stop())

/** Opens a section of the settings. */
async function section(page: Page, name: string) {
  await page.goto(`/settings/${name}`)
  await page.getByRole('heading', { level: 2 }).first().waitFor()
}

/** Chooses one of a select's options. */
async function choose(page: Page, label: string, option: string) {
  await page.getByRole('combobox', { name: label }).click()
  await page.getByRole('option', { name: option, exact: true }).click()
}

it('invites somebody, who accepts, gets another role, and is signed out when removed', async () => {
  const { page } = await visit()
  await section(page, 'members')
  await page.getByRole('button', { name: 'Invite somebody' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('E-mail').fill(GRACE.email)
  await dialog.getByRole('button', { name: 'Make the invitation' }).click()
  const link = await dialog.getByTestId('secret').inputValue()
  await dialog.getByRole('button', { name: 'Done' }).click()
  await dialog.waitFor({ state: 'detached' })
  await page.getByTestId('invitation').getByText(GRACE.email).waitFor()
  expect(await page.content(), 'the link is shown once').not.toContain(link)

  const { page: hers } = await visit({ session: 'none' })
  await hers.goto(link)
  await hers.getByText(/as analyst/).waitFor()
  await hers.getByLabel('Your name').fill(GRACE.name)
  await hers.getByLabel(/^Choose a password/).fill('password1234')
  await hers.getByRole('button', { name: 'Accept' }).click()
  await hers.getByRole('alert').getByText(/easy to guess/).waitFor()
  await hers.getByLabel(/^Choose a password/).fill(GRACE.password)
  await hers.getByRole('button', { name: 'Accept' }).click()
  await hers.getByTestId('person-email').getByText(`${GRACE.email} · analyst`).waitFor()
  await section(hers, 'members')
  await hers.getByRole('tab', { name: 'Sessions' }).waitFor()
  expect(await hers.getByRole('tab').allInnerTexts(), 'an analyst sees what concerns the own person').toEqual(['Profile', 'Sessions'])

  await page.reload()
  await choose(page, `Role of ${GRACE.name}`, 'admin')
  await page.getByRole('combobox', { name: `Role of ${GRACE.name}` }).and(page.locator('[value=admin]')).waitFor()
  await section(hers, 'members')
  await hers.getByTestId('member').filter({ hasText: 'Only an owner can change or remove an owner.' }).waitFor()
  await hers.getByRole('tab', { name: 'Audit log' }).waitFor()
  expect(await hers.getByRole('tab', { name: 'Organisation' }).count(), 'the name is the owner’s').toBe(0)

  await page.getByTestId('member').filter({ hasText: GRACE.email }).getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByTestId('member').filter({ hasText: GRACE.email }).waitFor({ state: 'detached' })
  await hers.getByRole('tab', { name: 'Models' }).click()
  await hers.getByRole('heading', { name: 'Sign in to DataMind' }).waitFor()
})

it('says that an invitation has been used or taken back', async () => {
  const { page } = await visit()
  await section(page, 'members')
  await page.getByRole('button', { name: 'Invite somebody' }).click()
  await page.getByRole('dialog').getByLabel('E-mail').fill('late@example.com')
  await page.getByRole('dialog').getByRole('button', { name: 'Make the invitation' }).click()
  const link = await page.getByTestId('secret').inputValue()
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click()
  await page.getByTestId('invitation').filter({ hasText: 'late@example.com' }).getByRole('button', { name: 'Take back' }).click()
  await page.getByTestId('invitation').filter({ hasText: 'late@example.com' }).waitFor({ state: 'detached' })

  const { page: late } = await visit({ session: 'none' })
  await late.goto(link)
  await late.getByRole('alert').getByText(/used or taken back/).waitFor()
})

it('tests a model, says why it cannot be reached, and keeps it in order', async () => {
  const { page } = await visit()
  await section(page, 'models')
  await page.getByTestId('configured').waitFor()
  const add = async (preset: string, url?: string) => {
    await page.getByRole('button', { name: 'Add a model' }).click()
    await choose(page, 'Kind of endpoint', preset)
    const dialog = page.getByRole('dialog')
    if (url) await dialog.getByLabel('Base URL').fill(url)
    return dialog
  }
  const first = await add('OpenAI', 'http://no-such-host.invalid/v1')
  await first.getByRole('button', { name: 'Test' }).click()
  await first.getByTestId('report').getByText('There is no host with this name.').waitFor()
  await first.getByLabel('Base URL').fill(`${server.url}/v1`)
  await first.getByTestId('report').waitFor({ state: 'detached' })
  await first.getByRole('button', { name: 'Test' }).click()
  await first.getByTestId('report').getByText(/belongs to DataMind itself/).waitFor()
  await first.getByLabel('Base URL').fill(model.url)
  await first.getByRole('button', { name: 'Test' }).click()
  await first.getByTestId('report').getByText(/does not have the model "gpt-5-mini"/).waitFor()
  await first.getByRole('button', { name: 'scripted', exact: true }).click()
  await first.getByRole('button', { name: 'Test' }).click()
  await first.getByTestId('report').getByText('It works').waitFor()
  await first.getByTestId('report').getByText(/A small question took/).waitFor()
  await first.getByRole('button', { name: 'Save' }).click()
  await first.waitFor({ state: 'detached' })
  const second = await add('Ollama')
  expect(await second.getByLabel('Base URL').inputValue()).toBe('http://localhost:11434/v1')
  await second.getByRole('button', { name: 'Save' }).click()

  const names = () => page.getByTestId('model').evaluateAll((cards) => cards.map((c) => c.getAttribute('aria-label')))
  await page.getByRole('button', { name: 'Move Ollama up' }).click()
  await page.getByText('1. Ollama').waitFor()
  expect(await names()).toEqual(['Ollama', 'OpenAI'])
  for (const name of ['Ollama', 'OpenAI']) {
    await page.getByRole('region', { name }).getByRole('switch').press('Space')
    await page.getByRole('region', { name }).getByRole('switch', { checked: false }).waitFor()
  }
  await page.getByText('No model is switched on.').waitFor()
  for (const name of ['Ollama', 'OpenAI']) {
    await page.getByRole('region', { name }).getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('region', { name }).waitFor({ state: 'detached' })
  }
})

it('makes a key that works until it is revoked, and the audit log shows it', async () => {
  const { page } = await visit()
  await section(page, 'keys')
  await page.getByRole('button', { name: 'Make a key' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('textbox', { name: 'Name' }).fill('A nightly script')
  await dialog.getByRole('button', { name: 'Make a key' }).click()
  const key = await dialog.getByTestId('secret').inputValue()
  await dialog.getByRole('button', { name: 'Done' }).click()
  const use = async (path: string) => (await fetch(`${server.url}/api/v1/${path}`, { headers: { Authorization: `Bearer ${key}` } })).status
  expect(await use('connections')).toBe(200)
  expect(await use('members'), 'what was not ticked').toBe(403)

  const row = page.getByTestId('api-key').filter({ hasText: 'A nightly script' })
  await row.getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await row.waitFor({ state: 'detached' })
  expect(await use('connections')).toBe(401)
  await page.getByLabel('Show revoked and expired keys too').click()
  await row.getByText('revoked').waitFor()

  await section(page, 'audit')
  await choose(page, 'What', 'All of api_key')
  const made = page.locator('[data-action="api_key.create"]').filter({ hasText: 'A nightly script' })
  await page.locator('[data-action="api_key.revoke"]').first().waitFor()
  await page.locator('[data-testid=audit-entry]:not([data-action^="api_key."])').first().waitFor({ state: 'detached' })
  await made.getByRole('button').first().click()
  await made.getByText('"questions.read"').waitFor()
  await made.getByRole('button', { name: 'Only this target' }).click()
  await page.locator('[data-action="api_key.revoke"]').waitFor() // the one of this key
  expect(await page.getByTestId('audit-entry').count()).toBe(2)

  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByRole('menuitem', { name: 'CSV' }).click()
  const lines = readFileSync(await (await saved).path(), 'utf8').trim().split('\n')
  expect(lines).toHaveLength(3) // with the heading
  expect(lines[2]).toContain('A nightly script')
})

it('changes a model, whose test fails and then succeeds', async () => {
  const { page } = await visit()
  await section(page, 'models')
  await page.getByRole('button', { name: 'Add a model' }).click()
  await choose(page, 'Kind of endpoint', 'OpenAI')
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Base URL').fill(model.url)
  await dialog.getByLabel(/^Model/).fill('no-such-model')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  const card = page.getByRole('region', { name: 'OpenAI' })
  await card.getByRole('button', { name: 'Test' }).click()
  await card.getByTestId('report').getByText(/does not have the model "no-such-model"/).waitFor()

  await card.getByRole('button', { name: 'Edit' }).click()
  await dialog.getByLabel(/^Model/).fill('scripted')
  await dialog.getByRole('button', { name: 'Test' }).click()
  await dialog.getByTestId('report').getByText('It works').waitFor()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  await card.getByText('scripted').first().waitFor()
  await card.getByRole('button', { name: 'Test' }).click()
  await card.getByTestId('report').getByText('It works').waitFor()
  await card.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await card.waitFor({ state: 'detached' })
})

it('draws what was used by day, and by model', async () => {
  const admin = await server.connect('datamind')
  const { rows: [org] } = await admin.query<{ org: string; member: string }>("SELECT org_id AS org, user_id AS member FROM memberships WHERE role = 'owner' ORDER BY created_at LIMIT 1")
  const used = async (days: number, tokens: number, name: string) => admin.query(`INSERT INTO token_usages (id, org_id, user_id, question_id, key, state, reserved, used, model, created_at)
    VALUES (gen_random_uuid(), $1, $2, gen_random_uuid(), gen_random_uuid()::text, 'settled', 0, $3, $4, now() - make_interval(days => $5))`, [org?.org, org?.member, tokens, name, days])
  await used(1, 1200, 'small-model')
  await used(2, 345, 'large-model')
  await admin.end()
  const { page } = await visit()
  await section(page, 'usage')
  await page.getByRole('button', { name: '90 days' }).click()
  const chart = page.getByTestId('chart')
  await chart.locator('svg text').first().waitFor()
  await page.getByText('By model', { exact: true }).click()
  for (const name of ['small-model', 'large-model']) await chart.getByText(name, { exact: true }).waitFor()
  const clean = await server.connect('datamind')
  await clean.query("DELETE FROM token_usages WHERE model IN ('small-model', 'large-model')")
  await clean.end()
})

it('ends another session, and changes the name and the colours', async () => {
  const { page } = await visit()
  const { page: other } = await visit({ session: 'own' })
  await section(other, 'sessions')
  await section(page, 'sessions')
  await page.getByTestId('session').filter({ hasText: 'this one' }).waitFor()
  await page.getByRole('button', { name: 'End all others' }).click()
  await page.getByRole('button', { name: 'End', exact: true }).first().waitFor({ state: 'detached' })
  expect(await page.getByTestId('session').count()).toBe(1)
  await other.getByRole('link', { name: 'Connections' }).click()
  await other.getByRole('heading', { name: 'Sign in to DataMind' }).waitFor()

  await section(page, 'profile')
  const name = page.getByLabel('Name')
  const before = await name.inputValue()
  for (const wanted of ['Ada King', before]) {
    await name.fill(wanted)
    await page.getByRole('region', { name: 'Profile' }).getByRole('button', { name: 'Save' }).click()
    await page.getByTestId('person-name').getByText(wanted).waitFor()
  }
  await page.getByText('Dark', { exact: true }).click()
  await page.locator('html[data-mantine-color-scheme=dark]').waitFor()
})

it('sets the budget and the organisation’s name', async () => {
  const { page } = await visit()
  await section(page, 'usage')
  const budget = page.getByTestId('budget')
  const set = async (month: string, member: string) => {
    await budget.getByRole('button', { name: 'Change the budget' }).click()
    await page.getByLabel('Tokens a month').fill(month)
    await page.getByLabel('Of these for each member').fill(member)
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
  }
  await set('500000', '1000')
  await budget.getByText(/of 500,000 tokens/).waitFor()
  await budget.getByText(/each member at most 1,000/).waitFor()
  await set('', '')
  await budget.getByText(/the installation’s default/).waitFor()

  await section(page, 'organisation')
  const name = page.getByLabel('Name of the organisation')
  const before = await name.inputValue()
  for (const wanted of ['Example <b>Ltd</b>', before]) {
    await name.fill(wanted)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('navigation').first().getByText(wanted).or(page.getByText(wanted, { exact: true })).first().waitFor()
  }
})
