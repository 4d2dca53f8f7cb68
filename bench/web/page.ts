import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import { ask, runSQL, status } from '../../web/e2e/browser'
import { expect, it, journey } from '../../web/e2e/journey'
import { ROOT } from '../../web/e2e/server'

// Measures the page in a browser whose processor is slowed down: `make bench-web`.
const { visit } = journey()
const SLOWER = 4
const VIEWS = 7
const ROWS = 100_000

interface Row { what: string; p50: number; worst: number; unit: string; aim: string }

/** The interactions that began after a moment, by how long each took to be seen. */
interface Times { since: number; durations: Record<string, number>; mark: HTMLElement }
interface Timed { times: Times }

const median = (all: number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN

it('measures the first view and the interactions', async () => {
  const rows: Row[] = []
  const add = (what: string, unit: string, aim: string, values: number[]) => rows.push({ what, unit, aim, p50: median(values), worst: Math.max(...values) })
  const slow = async (page: Awaited<ReturnType<typeof visit>>['page'], context: Awaited<ReturnType<typeof visit>>['context']) => {
    const cdp = await context.newCDPSession(page)
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: SLOWER })
    await cdp.send('Network.setCacheDisabled', { cacheDisabled: true })
  }

  const paints: number[] = [], asked: number[] = [], scripts: number[] = []
  for (let n = 0; n < VIEWS; n++) {
    const { page, context } = await visit()
    await slow(page, context)
    await page.goto('/')
    await page.getByTestId('suggestion').first().waitFor()
    const seen = await page.evaluate(() => ({
      paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN,
      script: (performance.getEntriesByType('resource') as PerformanceResourceTiming[]).filter((r) => r.name.endsWith('.js')).reduce((sum, r) => sum + r.encodedBodySize, 0),
      now: performance.now(),
    }))
    paints.push(seen.paint)
    scripts.push(seen.script / 1000)
    asked.push(seen.now)
    await context.close()
  }
  add('JavaScript of the first view, compressed', 'KB', '280', scripts)
  add('first contentful paint', 'ms', '1,000', paints)
  add('first view complete, with its suggested questions', 'ms', '–', asked)

  const { page, context } = await visit()
  const card = await ask(page, 'How many orders were there by month?')
  await status(card, 'answered')
  await runSQL(card, `SELECT o.id, o.ordered_at, o.total, o.status, i.quantity FROM orders o CROSS JOIN (SELECT quantity FROM order_items LIMIT 20) i LIMIT ${ROWS}`)
  await status(card, 'answered', 60_000)
  await card.getByTestId('row-count').waitFor()
  await slow(page, context)
  await page.evaluate(() => {
    const mark = document.createElement('div')
    mark.style.cssText = 'position: fixed; top: 0; left: 0; width: 2px; height: 2px; z-index: 1000'
    document.body.append(mark)
    const times: Times = { since: 0, durations: {}, mark }
    Object.assign(globalThis, { times })
    new PerformanceObserver((list) => {
      for (const e of list.getEntries() as (PerformanceEventTiming & { interactionId?: number })[]) {
        if (e.interactionId && e.startTime >= times.since) times.durations[e.interactionId] = Math.max(times.durations[e.interactionId] ?? 0, e.duration)
      }
    }).observe({ type: 'event', durationThreshold: 16, buffered: true } as PerformanceObserverInit)
  })
  const measure = async (what: string, interact: () => Promise<unknown>) => {
    await page.evaluate(() => { Object.assign((globalThis as unknown as Timed).times, { since: performance.now(), durations: {} }) })
    for (let n = 0; n < 5; n++) await interact()
    await page.evaluate(() => new Promise((done) => setTimeout(done, 300)))
    const all = await page.evaluate(() => Object.values((globalThis as unknown as Timed).times.durations))
    add(what, 'ms', '100', all.length ? all : [16])
  }
  // After a frame without a change the browser may count an interaction until whatever is drawn next, be it a second
  // later: each is followed by a change that is seen.
  const settled = () => page.evaluate(() => new Promise((done) => {
    requestAnimationFrame(() => {
      const { mark } = (globalThis as unknown as Timed).times
      mark.style.background = mark.style.background === 'red' ? 'blue' : 'red'
      requestAnimationFrame(() => requestAnimationFrame(done))
    })
  }))
  // Found by CSS: looking for roles takes the page's processor more than what is measured.
  const grid = card.locator('.grid')
  const palette = page.locator('#commands')
  await measure('interaction to next paint: select a cell, move by keys', async () => { await grid.locator('td').nth(3).click(); await page.keyboard.press('ArrowDown'); await settled() })
  await measure(`…: scroll ${ROWS.toLocaleString('en')} rows by keys`, async () => { await page.keyboard.press('PageDown'); await settled() })
  await measure('…: type a follow-up', async () => { await page.locator('textarea[aria-label="Your question"]').press('a'); await settled() })
  await measure('…: open and close the steps', async () => { await card.getByTestId('steps-button').click(); await settled() })
  await measure('…: open the palette and type', async () => { await page.keyboard.press('Control+k'); await palette.waitFor(); await page.keyboard.press('r'); await settled(); await page.keyboard.press('Escape'); await palette.waitFor({ state: 'detached' }) })

  const table = ['|  | p50 | worst | aim |', '| --- | --- | --- | --- |', ...rows.map((r) => `| ${r.what} | ${r.p50.toFixed(0)} ${r.unit} | ${r.worst.toFixed(0)} ${r.unit} | ${r.aim === '–' ? r.aim : `${r.aim} ${r.unit}`} |`)].join('\n')
  console.log(table)
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { cwd: ROOT, encoding: 'utf8' }).trim()
  const file = join(ROOT, 'docs/benchmarks.md')
  const place = /<!-- web -->[\s\S]*<!-- \/web -->/
  const text = readFileSync(file, 'utf8')
  expect(text).toMatch(place)
  const day = new Date().toISOString().slice(0, 10)
  writeFileSync(file, text.replace(place, `<!-- web -->\n${table}\n\n\`make bench-web\`, commit ${commit}, ${day}: ${cpus().length} cores of ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, the processor ${SLOWER} times slower for the page.\n<!-- /web -->`))
}, 300_000)
