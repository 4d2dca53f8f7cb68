import type pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ask, runSQL, status } from './browser'
import { journey } from './journey'

const { server, visit } = journey()
const SLOW = 'How many orders are there by channel?'
const HEAVY = 'SELECT count(*) FROM public.order_items a CROSS JOIN public.order_items b CROSS JOIN public.orders c WHERE a.quantity + b.quantity + c.id > 5'
let locker: pg.Client
let watcher: pg.Client // apart, because a transaction sees one state of pg_stat_activity

beforeAll(async () => {
  locker = await server.connect('sample_company')
  watcher = await server.connect('sample_company')
})
afterAll(() => Promise.all([locker.end(), watcher.end()]))

/** Makes every query over orders wait until the returned function is called. */
async function holdOrders(): Promise<() => Promise<unknown>> {
  await locker.query('BEGIN; LOCK TABLE public.orders IN ACCESS EXCLUSIVE MODE')
  return () => locker.query('ROLLBACK')
}

async function running(): Promise<number> {
  const { rows } = await watcher.query(`SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = 'sample_reader' AND state = 'active'`)
  return (rows[0] as { n: number }).n
}

it('carries on after a reload in the middle of a question', async () => {
  const { page } = await visit()
  const release = await holdOrders()
  const card = await ask(page, SLOW)
  try {
    await card.locator('[data-step="query"][data-status="running"]').waitFor()
    await page.reload()
    await card.locator('[data-step="query"][data-status="running"]').waitFor()
    await card.getByText('Running the query…').waitFor()
  } finally {
    await release()
  }
  await status(card, 'answered')
  await card.getByTestId('rows').waitFor()
  expect(await card.locator('[data-step="query"]').count(), 'it ran once').toBeLessThanOrEqual(1)
})

it('stops a question, and its query in the database', async () => {
  const { page } = await visit()
  const release = await holdOrders()
  try {
    const card = await ask(page, SLOW)
    await card.locator('[data-step="query"][data-status="running"]').waitFor()
    expect(await running()).toBe(1)
    await card.getByRole('button', { name: 'Stop' }).click()
    await status(card, 'cancelled')
    await card.getByTestId('ending').getByText('Nothing keeps running in the database.').waitFor()
    expect(await card.getByRole('button', { name: 'Stop' }).count()).toBe(0)
    await expect.poll(running).toBe(0)
  } finally {
    await release()
  }
  const address = page.url()
  await page.getByRole('button', { name: 'Ask again' }).click()
  await status(page.locator('article').nth(1), 'answered')
  expect(page.url(), 'in the same conversation').toBe(address)
})

it('runs edited SQL under the same guard, and shows what comes of it without a reload', async () => {
  const { page } = await visit()
  const card = await ask(page, SLOW)
  await status(card, 'answered')

  await runSQL(card, "SELECT status, count(*) AS orders, sum(total) AS revenue, NULL AS nothing FROM public.orders GROUP BY status ORDER BY 2 DESC")
  await card.getByText('SQL written by a person').waitFor()
  await status(card, 'answered')
  await card.getByRole('button', { name: 'revenue' }).waitFor()
  expect(await card.locator('tbody tr').first().locator('td').allInnerTexts()).toEqual(
    [expect.any(String), expect.stringMatching(/^\d{1,3}(,\d{3})+$/), expect.stringMatching(/^\d{1,3}(,\d{3})+\.\d\d$/), 'null'])

  await runSQL(card, 'DELETE FROM public.orders')
  await status(card, 'refused')
  await card.getByTestId('ending').getByText('guard_refused').waitFor()
  expect(await card.getByTestId('rows').count(), 'the rows of the run before are gone').toBe(0)

  await runSQL(card, 'SELECT no_such_column FROM public.orders')
  await card.locator('[data-testid=ending]', { hasText: 'no_such_column' }).waitFor()
})

it('asks for a yes before a costly query, and runs or leaves it', async () => {
  const { page } = await visit()
  const card = await ask(page, SLOW)
  await status(card, 'answered')
  await runSQL(card, HEAVY)
  await status(card, 'approve')
  await card.getByTestId('prompt').getByRole('button', { name: 'Do not run it' }).click()
  await status(card, 'cancelled')
  await card.getByText('The costly query was not approved.').waitFor()

  await runSQL(card, HEAVY)
  await status(card, 'approve')
  await card.getByTestId('prompt').getByRole('button', { name: 'Run it', exact: true }).click()
  await card.locator('[data-step="query"][data-status="running"]').waitFor()
  await card.getByRole('button', { name: 'Stop' }).click()
  await status(card, 'cancelled')
  await expect.poll(running).toBe(0)
})

it('says what it cannot answer and what to do', async () => {
  const { page } = await visit()
  const card = await ask(page, 'Why is the sky blue over Paris?')
  await card.locator('[data-testid=ending], [data-testid=prompt]').waitFor()
  await page.locator('article[data-status=refused], article[data-status=clarify]').waitFor()
  expect((await card.innerText()).length).toBeGreaterThan(80)
})

it('shows hostile cells and names as text', async () => {
  const { page, troubles } = await visit()
  const card = await ask(page, SLOW)
  await status(card, 'answered')
  const image = '<img src=http://127.0.0.1:9/x onerror=alert(1)>'
  await runSQL(card, `SELECT '${image}' AS "<script>alert(2)</script>", '[link](javascript:alert(3))' AS "{{7*7}}", count(*) AS "<b>n</b>" FROM public.orders GROUP BY channel`)
  await status(card, 'answered')
  await card.getByRole('cell', { name: image }).first().waitFor()
  await card.getByRole('button', { name: '<script>alert(2)</script>' }).waitFor()
  await card.getByRole('button', { name: '<b>n</b>' }).waitFor()
  // In a chart too, with its tooltip.
  await runSQL(card, `SELECT channel || '<img src=http://127.0.0.1:9/y onerror=alert(4)>' AS "<i>who</i>", count(*) AS "<b>n</b>" FROM public.orders GROUP BY channel ORDER BY 2 DESC`)
  await status(card, 'answered')
  const chart = card.getByTestId('chart').locator('svg')
  await chart.waitFor()
  await chart.hover()
  await page.getByText('<b>n</b>').first().waitFor()
  expect(await page.locator('article img, article script, article a[href^=javascript], article b').count()).toBe(0)
  expect(troubles).toEqual([])
})
