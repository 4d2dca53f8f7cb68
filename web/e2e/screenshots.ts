import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { ask, runSQL, status } from './browser'
import { journey } from './journey'
import { ROOT } from './server'

// Not a test: `make screenshots` takes the README's picture, and one of each page to look at.
const { visit } = journey()
const QUESTION = 'revenue by month'
const WIDTHS = { wide: { width: 1440, height: 1000 }, middle: { width: 1024, height: 900 }, small: { width: 390, height: 844 } }

const shots = join(ROOT, 'e2e/screenshots')
mkdirSync(shots, { recursive: true })

/** A finished answer, its chart drawn. */
async function answer(page: Page) {
  const card = await ask(page, QUESTION)
  await status(card, 'answered')
  await card.getByTestId('chart').locator('svg').waitFor()
  await card.getByTestId('rows').waitFor()
  return card
}

it('takes the picture of the README', async () => {
  const { page } = await visit({ viewport: { width: 1440, height: 1100 }, colorScheme: 'light' })
  await answer(page)
  await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur())
  await page.screenshot({ path: join(ROOT, 'docs/images/answer.png') })
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [size, viewport] of Object.entries(WIDTHS)) {
    it(`takes a picture of each page, ${size} and ${colorScheme}`, async () => {
      const { page, context } = await visit({ viewport, colorScheme })
      const shoot = async (name: string, fullPage = true) => {
        if (fullPage) await page.evaluate(() => scrollTo(0, 0))
        await page.screenshot({ path: join(shots, `${name}-${size}-${colorScheme}.png`), fullPage, animations: 'disabled' })
        expect.soft(await page.evaluate(() => document.documentElement.scrollWidth), name).toBeLessThanOrEqual(viewport.width)
      }
      const card = await answer(page)
      await card.getByRole('button', { name: /Show steps/ }).click()
      await card.getByTestId('steps').getByText('Plan the query').waitFor()
      await shoot('answer')
      await runSQL(card, 'DELETE FROM public.orders')
      await status(card, 'refused')
      await shoot('refused')
      await runSQL(card, 'SELECT count(*) FROM public.order_items a CROSS JOIN public.order_items b CROSS JOIN public.orders c')
      await status(card, 'approve')
      await shoot('approve')
      await card.getByRole('button', { name: 'Stop' }).click()
      await status(card, 'cancelled')

      await page.goto('/')
      await page.getByTestId('suggestion').first().waitFor()
      await shoot('ask')
      await page.goto('/connections')
      await page.getByRole('region', { name: 'Sample company' }).waitFor()
      await shoot('connections')
      await page.getByRole('button', { name: 'Connect a database' }).click()
      await page.getByLabel('Host').fill('db.invalid')
      await page.getByLabel(/^Database/).fill('sales')
      await page.getByLabel('User').fill('reader')
      await page.getByRole('dialog').getByRole('button', { name: 'Test' }).click()
      await page.getByTestId('report').waitFor()
      await shoot('form', false)
      for (const section of ['sessions', 'members', 'models', 'channels', 'keys', 'usage', 'audit', 'organisation']) {
        await page.goto(`/settings/${section}`)
        await page.getByRole('heading', { level: 2 }).first().waitFor()
        await page.getByLabel('Loading').first().waitFor({ state: 'detached' })
        await shoot(section)
      }
      await page.goto('/sql')
      await page.getByRole('textbox', { name: 'SQL', exact: true }).fill('SELECT channel, sum(total) AS revenue FROM orders WHERE status = {{status}} GROUP BY channel')
      await page.locator('[data-verdict="allowed"]').waitFor()
      await shoot('sql')
      await page.goto('/dashboards')
      await page.getByTestId('dashboard').filter({ hasText: 'Sales at a glance' }).first().waitFor()
      await shoot('dashboards')
      await page.getByTestId('dashboard').filter({ hasText: 'Sales at a glance' }).first().click()
      await page.locator('section[data-testid="tile"][data-status="ready"]').nth(6).waitFor({ timeout: 60_000 })
      await page.getByTestId('chart').nth(5).waitFor()
      await shoot('dashboard')
      await page.getByRole('button', { name: 'Edit', exact: true }).click()
      await page.getByRole('button', { name: size === 'small' ? /^Later/ : 'Move or resize Revenue by month' }).first().waitFor()
      await shoot('dashboard-edit')
      await page.goto('/alerts')
      await page.getByRole('link', { name: 'Daily revenue outside its band' }).waitFor()
      await shoot('alerts')
      await page.getByRole('link', { name: 'Refund share above 3 % in the last 7 days' }).click()
      await page.getByTestId('alert-chart').locator('svg').waitFor({ timeout: 30_000 })
      await shoot('alert')
      await page.getByRole('button', { name: 'Change', exact: true }).click()
      await page.getByRole('button', { name: 'Try the last 90 days' }).click()
      await page.getByRole('dialog').getByTestId('alert-chart').waitFor({ timeout: 30_000 })
      await shoot('alert-change', false)
      await page.goto('/reports')
      await page.getByRole('link', { name: 'Sales every Monday' }).waitFor()
      await shoot('reports')
      await page.getByRole('button', { name: 'New report' }).click()
      await page.getByRole('dialog').getByText('A member is mailed what they may see themselves.').waitFor()
      await shoot('report-new', false)
      await page.goto('/reports')
      await page.getByRole('link', { name: 'Sales every Monday' }).click()
      await page.getByRole('button', { name: 'Run now' }).click()
      await page.locator('[data-testid=run][data-status=sent]').first().waitFor({ timeout: 60_000 })
      await shoot('report')
      await page.goto('/catalog')
      await page.getByRole('link', { name: 'orders', exact: true }).waitFor()
      await shoot('catalog')
      await page.getByRole('tab', { name: 'Relations' }).click()
      await page.getByTestId('graph').getByRole('link', { name: 'orders', exact: true }).waitFor()
      await shoot('relations')
      await page.goto('/catalog')
      await page.getByRole('link', { name: 'orders', exact: true }).click()
      await page.getByRole('table', { name: 'Columns' }).waitFor()
      await shoot('table')
      await page.goto('/settings/profile')
      await page.getByLabel('E-mail').waitFor()
      if (size === 'small') await page.getByRole('button', { name: 'Menu' }).click()
      await page.getByTestId('person-name').waitFor()
      await shoot('profile')
      await context.clearCookies()
      await page.goto('/sign-in')
      await page.getByRole('button', { name: 'Sign in' }).waitFor()
      await shoot('sign-in')
    })
  }
}
