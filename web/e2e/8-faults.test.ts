import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { BrowserContext } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Apart } from './apart'
import { ask, status } from './browser'
import { journey } from './journey'
import { startModel } from './server'

const { server, visit } = journey()
const SQL = 'SELECT channel, count(*) AS orders FROM public.orders GROUP BY channel ORDER BY orders DESC'
const SCRIPT = { rules: [{ kind: 'plan', contains: 'hiccup', times: 3, status: 500 }, { kind: 'plan', sql: SQL }] }

let apart: Apart
let stopModel: () => void
let session: Awaited<ReturnType<BrowserContext['storageState']>> | undefined

beforeAll(async () => {
  const script = join(server.data, 'faults.json')
  writeFileSync(script, JSON.stringify(SCRIPT))
  const model = await startModel(script)
  stopModel = model.stop
  apart = await Apart.make(server, { DATAMIND_LLM_BASE_URL: model.url, DATAMIND_LLM_API_KEY: 'test', DATAMIND_LLM_MODELS: 'scripted' })
})
afterAll(async () => {
  await apart.stop()
  stopModel()
})

/** A page of the installation apart; all are of one session. */
async function open() {
  const watched = await visit({ session: 'none', at: apart.url, storageState: session })
  if (!session) {
    await apart.welcome(watched.context.request)
    session = await watched.context.storageState()
  }
  return watched
}

it('names the queue without a worker, and the question goes on when one starts', async () => {
  const { page } = await open()
  await apart.kill('model')
  const card = await ask(page, 'Orders by channel')
  const why = card.getByTestId('hold-up')
  await why.getByText('queue "model"').waitFor({ timeout: 30_000 })
  await why.getByText('Your question is stored and starts by itself.').waitFor()
  expect(await card.getAttribute('data-status')).toBe('queued')

  await apart.start('model', 'worker', '--queues', 'model')
  await status(card, 'answered')
  await card.getByTestId('rows').waitFor()
  expect(await page.getByTestId('hold-up').count()).toBe(0)
})

it('says why a step is tried again, how often it was begun, and that it goes on', async () => {
  const { page } = await open()
  const card = await ask(page, 'Orders by channel after a hiccup')
  const step = card.locator('[data-step="plan"]')
  await step.getByText(/^waiting to try again · .*started 2 times · The model's server has a problem \(status 500\)\. It is tried again on its own\.$/).waitFor()
  await card.getByText('Waiting to try again…').waitFor()
  await page.reload()
  await step.getByText(/started 3 times · The model's server has a problem/).waitFor()
  await status(card, 'answered', 30_000)
  await card.getByRole('button', { name: /Show steps/ }).click()
  await step.getByText(/^done · .*started 4 times/).waitFor()
  expect(await step.getByText('has a problem').count()).toBe(0)
})

it('says that Redis is down, and shows the answer without it', async () => {
  const { page } = await open()
  const locker = await server.connect('sample_company')
  await locker.query('BEGIN; LOCK TABLE public.orders IN ACCESS EXCLUSIVE MODE')
  const card = await ask(page, 'Orders by channel')
  await card.locator('[data-step="query"][data-status="running"]').waitFor()
  apart.cutRedis()
  await card.getByTestId('hold-up').getByText('Redis does not answer').waitFor({ timeout: 30_000 })
  await locker.end() // lets the query go on
  await status(card, 'answered', 30_000)
  await card.getByTestId('rows').waitFor()
  apart.mendRedis()
})

it('leads an owner to the run in the Temporal UI', async () => {
  const { page } = await open()
  const card = await ask(page, 'Orders by channel')
  await status(card, 'answered')
  await card.getByRole('button', { name: /Show steps/ }).click()
  const link = await card.getByRole('link', { name: 'Run in Temporal' }).getAttribute('href')
  expect(link).toMatch(new RegExp(`^http://${server.ui}/namespaces/apart/workflows/ask%2F[0-9a-f-]{36}/[0-9a-f-]{36}/history$`))
})
