import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ask, status } from './browser'
import { journey } from './journey'
import { startModel } from './server'

const { server, visit } = journey()
let stop: () => void

const SCRIPT = {
  rules: [
    { kind: 'plan', contains: 'unclear', times: 1, plan: { status: 'clarify', sql: '', understanding: '', text: 'Which year do you mean?', choices: ['2025', '2026'] } },
    { kind: 'plan', sql: 'SELECT channel, count(*) AS orders FROM public.orders GROUP BY channel ORDER BY orders DESC' },
    { kind: 'write', contains: 'invented', content: 'There were 987,654,321 orders in the first channel.' },
    { kind: 'write', contains: 'stream', chunk_delay_ms: 250, chunk_chars: 6,
      content: 'Orders are spread over the channels. The first channel has the most of them, and the others follow at some distance behind it.' },
  ],
}

beforeAll(async () => {
  const script = join(server.data, 'model.json')
  writeFileSync(script, JSON.stringify(SCRIPT))
  const model = await startModel(script)
  stop = model.stop
  await server.halt()
  await server.start({ DATAMIND_LLM_BASE_URL: model.url, DATAMIND_LLM_API_KEY: 'test', DATAMIND_LLM_MODELS: 'scripted' })
})
afterAll(() => stop())

it('shows a model’s text as it is written, over a reload too, and names the model', async () => {
  const { page } = await visit()
  const card = await ask(page, 'Orders by channel, stream the text')
  const text = card.getByTestId('answer-text')
  await text.getByText(/^Orders are/).waitFor()
  expect(await card.getAttribute('data-status')).toBe('running')
  await page.reload()
  await text.getByText(/^Orders are/).waitFor()
  expect(await card.getAttribute('data-status'), 'still being written').toBe('running')
  await status(card, 'answered')
  expect(await text.innerText()).toMatch(/behind it\.$/)
  expect(await card.getByTestId('planner').innerText()).toContain('scripted')
})

it('marks a number that is not in the rows', async () => {
  const { page } = await visit()
  const card = await ask(page, 'Orders by channel, invented numbers please')
  await status(card, 'answered')
  await card.locator('mark', { hasText: '987,654,321' }).waitFor()
  await card.getByText('The marked number is not in the rows').waitFor()
})

it('asks back, takes the reply and goes on by itself', async () => {
  const { page } = await visit()
  const card = await ask(page, 'Something unclear about orders')
  await status(card, 'clarify')
  await page.reload()
  await card.getByTestId('prompt').getByText('Which year do you mean?').waitFor()
  await card.getByTestId('prompt').getByRole('button', { name: '2026' }).click()
  await status(card, 'answered')
  expect(await card.getByTestId('prompt').count()).toBe(0)
  await card.getByTestId('rows').waitFor()
})
