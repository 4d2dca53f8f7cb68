import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { ask, runSQL, status } from './browser'
import { journey } from './journey'

const { visit } = journey()
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

interface Violation { id: string; nodes: { html: string; failureSummary?: string }[] }

/** Runs axe-core in the page, past its CSP; what it found, in words. Other colours change only the contrast. */
async function violations(page: Page, colorScheme: 'light' | 'dark'): Promise<string[]> {
  // A caret blinks for ever.
  await page.evaluate(() => Promise.all(document.getAnimations().filter((a) => a.effect?.getComputedTiming().iterations !== Infinity).map((a) => a.finished.catch(() => undefined))))
  await page.evaluate(axe + ';0')
  const found = await page.evaluate(
    (options) => (globalThis as unknown as { axe: { run: (options: object) => Promise<{ violations: Violation[] }> } }).axe.run(options).then((r) => r.violations),
    colorScheme === 'dark' ? { runOnly: ['color-contrast'] } : {},
  )
  return found.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 160)} ${n.failureSummary ?? ''}`))
}

for (const colorScheme of ['light', 'dark'] as const) {
  it(`has no violation in the settings (${colorScheme})`, async () => {
    const { page } = await visit({ colorScheme })
    const check = async (name: string) => expect.soft(await violations(page, colorScheme), name).toEqual([])
    for (const section of ['sessions', 'members', 'models', 'channels', 'keys', 'usage', 'audit', 'organisation']) {
      await page.goto(`/settings/${section}`)
      await page.getByRole('heading', { level: 2 }).first().waitFor()
      await page.getByLabel('Loading').first().waitFor({ state: 'detached' })
      await check(section)
    }
    await page.goto('/settings/audit')
    await page.getByTestId('audit-entry').first().getByRole('button').first().click()
    await page.getByRole('button', { name: 'Only this person' }).first().waitFor()
    await check('audit entry')
    await page.goto('/settings/channels')
    await page.getByRole('button', { name: 'Add a channel' }).click()
    for (const kind of ['email', 'slack', 'telegram', 'webhook']) {
      await page.getByRole('dialog').locator(`[data-kind=${kind}]`).click()
      await page.getByRole('dialog').getByRole('textbox').first().waitFor()
      await check(kind)
      await page.getByRole('button', { name: 'Choose another service' }).click()
    }
    await check('the kinds of channels')
    for (const [section, button] of [['models', 'Add a model'], ['keys', 'Make a key'], ['members', 'Invite somebody'], ['usage', 'Change the budget']] as const) {
      await page.goto(`/settings/${section}`)
      await page.getByRole('button', { name: button }).click()
      await page.getByRole('dialog').getByRole('textbox').first().waitFor()
      await check(button)
    }
  })

  it(`has no violation in the editor and the catalog (${colorScheme})`, async () => {
    const { page } = await visit({ colorScheme })
    const check = async (name: string) => expect.soft(await violations(page, colorScheme), name).toEqual([])

    await page.goto('/sql')
    const editor = page.getByTestId('sql-editor').getByRole('textbox')
    await editor.fill('SELECT channel, count(*) FROM orders WHERE status IN ({{statuses}}) AND total > {{least}} GROUP BY 1')
    await page.locator('[data-verdict="allowed"]').waitFor()
    await check('sql')
    await page.getByRole('button', { name: 'Export' }).click()
    await page.getByRole('dialog').getByTestId('estimate').or(page.getByRole('dialog').getByRole('alert')).first().waitFor()
    await check('export')
    await page.keyboard.press('Escape')
    await page.goto('/exports')
    await page.getByRole('heading', { level: 1 }).waitFor()
    await page.getByLabel('Loading').first().waitFor({ state: 'detached' })
    await check('exports')
    await page.goto('/exports/scheduled')
    await page.getByText('Nothing is scheduled').waitFor()
    await check('scheduled exports')
    await page.goto('/sql')
    await editor.fill('SELECT chanel FROM orders')
    await page.locator('[data-verdict="refused"]').waitFor()
    await check('sql refused')
    await page.getByRole('button', { name: 'Saved queries' }).click()
    await page.getByText('Nothing is saved yet').waitFor()
    await check('saved queries')

    await page.goto('/catalog')
    await page.getByRole('link', { name: 'orders', exact: true }).waitFor()
    await check('catalog')
    await page.getByRole('tab', { name: 'Relations' }).click()
    await page.getByTestId('graph').getByRole('link', { name: 'orders', exact: true }).waitFor()
    await check('relations')
    await page.getByRole('tab', { name: 'Glossary' }).click()
    await page.getByRole('button', { name: 'Add a metric' }).click()
    await page.getByRole('dialog').getByLabel('Expression').waitFor()
    await check('metric form')
    await page.goto('/catalog?view=verified')
    await page.getByRole('main').getByText('None yet').waitFor()
    await check('verified questions')
    await page.goto('/catalog')
    await page.getByRole('link', { name: 'orders', exact: true }).click()
    await page.getByRole('button', { name: 'Describe status' }).click()
    await check('table')
  })

  it(`has no violation on dashboards (${colorScheme})`, async () => {
    const { page } = await visit({ colorScheme })
    const check = async (name: string) => expect.soft(await violations(page, colorScheme), name).toEqual([])
    await page.goto('/dashboards')
    await page.getByTestId('dashboard').filter({ hasText: 'Sales at a glance' }).first().waitFor()
    await check('dashboards')
    await page.getByTestId('dashboard').filter({ hasText: 'Sales at a glance' }).first().click()
    await page.locator('section[data-testid="tile"][data-status="ready"]').nth(6).waitFor({ timeout: 60_000 })
    await page.getByTestId('chart').nth(3).waitFor()
    await check('dashboard')
    const url = page.url()
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByText('Public link', { exact: true }).waitFor()
    await check('share')
    await page.goto(url)
    await page.getByRole('button', { name: 'Edit', exact: true }).click()
    await page.getByRole('button', { name: 'Move or resize Revenue by month' }).waitFor()
    await check('edit')
    await page.getByRole('button', { name: 'Filters', exact: true }).click()
    await page.getByRole('dialog').getByText('only sets it by a click').first().waitFor({ state: 'attached' })
    await check('filters')
    await page.goto('/dashboards')
    await page.getByRole('button', { name: 'New dashboard' }).click()
    await page.getByRole('menuitem', { name: 'From a sentence' }).click()
    await page.getByLabel('What is it about?').fill('orders')
    await page.getByRole('button', { name: 'Propose tiles' }).click()
    await page.locator('[data-testid="proposal"][data-status="ready"]').first().waitFor({ timeout: 60_000 })
    await check('proposals')
    await page.goto('/public#token=there-is-no-such-link')
    await page.getByText('This link does not open anything').waitFor()
    await check('public')
  })

  it(`has no violation on alerts (${colorScheme})`, async () => {
    const { page } = await visit({ colorScheme })
    const check = async (name: string) => expect.soft(await violations(page, colorScheme), name).toEqual([])
    await page.goto('/alerts')
    await page.getByRole('link', { name: 'Daily revenue outside its band' }).waitFor()
    await check('alerts')
    await page.getByRole('button', { name: 'New alert' }).click()
    await page.getByLabel('What do you want to be told?').fill('tell me when the number of orders today is below 100')
    await page.getByRole('button', { name: 'Read' }).click()
    await page.getByText(/^It would (not )?fire now/).waitFor({ timeout: 30_000 })
    await page.getByRole('button', { name: 'How it tells' }).click()
    await page.getByLabel('Severity').first().waitFor()
    await check('new alert')
    await page.goto('/alerts')
    await page.getByRole('link', { name: 'Daily revenue outside its band' }).click()
    await page.getByTestId('alert-chart').locator('svg').waitFor({ timeout: 30_000 })
    await check('alert')
    await page.getByRole('button', { name: 'Change', exact: true }).click()
    await page.getByRole('button', { name: 'Try the last 90 days' }).click()
    await page.getByTestId('dry-run').waitFor({ timeout: 30_000 })
    await check('change an alert')
  })

  it(`has no violation on any page (${colorScheme})`, async () => {
    const { page, context } = await visit({ colorScheme })
    const check = async (name: string) => expect.soft(await violations(page, colorScheme), name).toEqual([])

    const card = await ask(page, 'How many orders were there by month?')
    await status(card, 'answered')
    await card.getByTestId('chart').locator('svg').waitFor()
    await card.getByRole('button', { name: /Show steps/ }).click()
    await card.getByTestId('steps').getByText('Plan the query').waitFor()
    await check('answer')
    await runSQL(card, 'DELETE FROM public.orders')
    await status(card, 'refused')
    await check('refused')

    await page.goto('/')
    await page.getByTestId('suggestion').first().waitFor()
    await check('ask')

    await page.goto('/connections')
    await page.getByRole('region', { name: 'Sample company' }).waitFor()
    await check('connections')
    await page.getByRole('button', { name: 'Connect a database' }).click()
    await page.getByLabel('Host').waitFor()
    await check('connection form')

    await page.goto('/settings/profile')
    await page.getByLabel('E-mail').waitFor()
    await check('profile')
    await page.setViewportSize({ width: 390, height: 844 })
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor()
    await check('menu of a small screen')
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)

    await context.clearCookies()
    await page.goto('/sign-in')
    await page.getByRole('heading', { name: 'Sign in to DataMind' }).waitFor()
    await check('sign-in')
    await page.goto('/invitation#token=there-is-no-such-invitation')
    await page.getByRole('alert').waitFor()
    await check('invitation')
  })
}
