import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { ask, OWNER, status } from './browser'
import { journey } from './journey'

const { server, visit } = journey()
const MARY = { name: 'Mary Somerville', email: 'mary@example.org', password: 'a comet over the moor' }

/** Makes another organisation whose owner is Mary, as an operator would; gives the link that she signs in with. */
async function otherOrganisation(): Promise<{ name: string; id: string; person: string }> {
  const made = { name: `Edinburgh ${randomUUID().slice(0, 8)}`, id: randomUUID() as string, person: randomUUID() as string }
  const admin = await server.connect('datamind')
  await admin.query('INSERT INTO orgs (id, name, created_at) VALUES ($1, $2, now())', [made.id, made.name])
  const { rows } = await admin.query<{ id: string }>(`INSERT INTO users (id, email, name, password_hash, tokens_valid_from, created_at, updated_at) VALUES ($1, $2, $3, '', 'epoch', now(), now())
    ON CONFLICT (email) DO UPDATE SET name = excluded.name RETURNING id`, [made.person, MARY.email, MARY.name])
  made.person = rows[0]?.id ?? ''
  await admin.query("INSERT INTO memberships (org_id, user_id, role, created_at) VALUES ($1, $2, 'owner', now())", [made.id, made.person])
  await admin.end()
  return made
}

/** Everything of a page that a person could read, hidden or not, with what the tab keeps. */
const everything = (page: Page) => page.evaluate(() => document.documentElement.outerHTML + JSON.stringify(sessionStorage))

it('accepts an invitation with an account that there is, and goes from one organisation to the other', async () => {
  const other = await otherOrganisation()
  const { page: hers, context } = await visit({ session: 'none' })
  const { page } = await visit()

  // Mary's password is set as it would be: with a link of her own organisation.
  const token = randomBytes(24).toString('base64url')
  const admin = await server.connect('datamind')
  await admin.query("INSERT INTO sign_in_links (id, org_id, user_id, token_hash, expires_at, created_at) VALUES ($1, $2, $3, $4, now() + interval '1 hour', now())",
    [randomUUID(), other.id, other.person, createHash('sha256').update(token).digest()])
  await admin.end()
  await hers.goto(`${server.url}/link#token=${token}`)
  await hers.getByRole('heading', { name: /Connect|What would you like/ }).first().waitFor()
  expect(hers.url()).toBe(server.url + '/')
  await hers.getByRole('link', { name: 'Profile' }).click()
  await hers.getByLabel(/^Password/).fill(MARY.password)
  await hers.getByRole('button', { name: 'Save' }).click()
  await hers.getByText('Saved.').waitFor()
  expect(await hers.getByRole('button', { name: /Go to another/ }).count(), 'one organisation is no choice').toBe(0)

  await page.goto('/settings/members')
  await page.getByRole('button', { name: 'Invite somebody' }).click()
  await page.getByRole('dialog').getByLabel('E-mail').fill(MARY.email)
  await page.getByRole('dialog').getByRole('button', { name: 'Make the invitation' }).click()
  const link = await page.getByTestId('secret').inputValue()

  await hers.goto(link)
  await hers.getByText(/Somebody is signed in/).waitFor()
  expect(await hers.getByLabel('Your name').count(), 'there is one').toBe(0)
  await hers.getByLabel(/^Your password/).fill('not her password')
  await hers.getByRole('button', { name: 'Accept' }).click()
  await hers.getByRole('alert').getByText(/enter its password/).waitFor()
  await hers.getByLabel(/^Your password/).fill(MARY.password)
  await hers.getByRole('button', { name: 'Accept' }).click()
  await hers.getByTestId('person-email').getByText(`${MARY.email} · analyst`).waitFor()

  const card = await ask(hers, 'How many stores are there by country?')
  await status(card, 'answered')
  const conversation = hers.url()
  await hers.goto('/sql')
  await hers.getByTestId('sql-editor').getByRole('textbox').fill('SELECT 4711 AS secret_number FROM orders')
  await hers.goto('/')
  const second = await context.newPage()
  await second.goto(conversation)
  await second.getByTestId('rows').waitFor()

  // To her own organisation: here and in the other tab nothing of the first is left.
  const choose = async (name: string) => {
    await hers.getByRole('button', { name: /Go to another/ }).click()
    await hers.getByRole('menuitemradio', { name }).click()
    await hers.getByRole('button', { name: `Organisation: ${name}. Go to another` }).waitFor()
  }
  await choose(other.name)
  await hers.getByRole('heading', { name: 'Connect a database first' }).waitFor()
  await hers.getByTestId('person-email').getByText(`${MARY.email} · owner`).waitFor()
  for (const one of [hers, second]) {
    await one.getByRole('heading', { name: 'Connect a database first' }).waitFor()
    const text = await everything(one)
    for (const theirs of ['How many stores', 'Sample company']) expect(text).not.toContain(theirs)
  }
  await second.goto(conversation)
  await second.getByRole('alert').first().waitFor()
  expect(await everything(second)).not.toContain('How many stores')

  const first = await page.getByTestId('person-email').innerText()
  expect(first).toContain(OWNER.email)
  await hers.keyboard.press('Control+k')
  await hers.getByRole('option', { name: /^Go to / }).first().click()
  await hers.getByTestId('suggestion').first().waitFor()
  await hers.getByRole('link', { name: 'How many stores are there by country?' }).waitFor()
})

it('leaves nothing of one person to the next in the same tab', async () => {
  const { page } = await visit({ session: 'own' })
  const card = await ask(page, 'How many orders were paid by month?')
  await status(card, 'answered')
  await page.goto('/sql')
  await page.getByTestId('sql-editor').getByRole('textbox').fill('SELECT 4712 AS mine FROM orders')
  await page.locator('[data-verdict="allowed"]').waitFor()
  await page.getByRole('link', { name: 'Connections' }).click() // no page is loaded anew: what is kept is kept
  await page.getByRole('region', { name: 'Sample company' }).waitFor()
  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in to DataMind' }).waitFor()
  expect(await everything(page)).not.toContain('4712')

  await page.getByLabel('E-mail').fill(MARY.email)
  await page.getByLabel(/^Password/).fill(MARY.password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await page.getByTestId('person-name').getByText(MARY.name).waitFor()
  await page.getByRole('button', { name: 'New question' }).or(page.getByRole('link', { name: 'New question' })).first().waitFor()
  const text = await everything(page)
  for (const hers of [OWNER.email, OWNER.name, 'orders were paid', '4712']) expect(text).not.toContain(hers)
})

it('reads the whole audit log from a file of JSON lines', async () => {
  const { page } = await visit()
  await page.goto('/settings/audit')
  await page.getByTestId('audit-entry').first().waitFor()
  const saved = page.waitForEvent('download')
  await page.getByRole('button', { name: 'Export' }).click()
  await page.getByRole('menuitem', { name: 'JSON Lines' }).click()
  const file = await saved
  expect(file.suggestedFilename()).toMatch(/\.jsonl$/)
  const entries = readFileSync(await file.path(), 'utf8').trim().split('\n').map((line) => JSON.parse(line) as { action: string; user_email: string; created_at: string })
  expect(entries.some((e) => e.action === 'session.create' && e.user_email === OWNER.email)).toBe(true)
  expect(entries.map((e) => e.created_at)).toEqual(entries.map((e) => e.created_at).sort().reverse())
})
