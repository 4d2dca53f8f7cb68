import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Cookie, type Locator, type Page } from 'playwright-core'
import type { Server } from './server'

export const OWNER = { name: 'Ada Lovelace', email: 'ada@example.com', password: 'correct horse battery staple' }

const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']

/** The system's Chromium or Chrome: nothing is downloaded. */
export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: findBrowser(), headless: true, args: FLAGS })
}

function findBrowser(): string {
  const apps = ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium']
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    } catch { /* the next one */ }
  }
  const app = apps.find((path) => existsSync(path))
  if (!app) throw new Error('no Chromium or Google Chrome is installed: run scripts/setup chromium')
  return app
}

/** A page whose errors, dialogs and requests to other places are noted. */
export interface Watched {
  page: Page
  context: BrowserContext
  troubles: string[]
}

export async function open(browser: Browser, base: string, options: BrowserContextOptions = {}): Promise<Watched> {
  const context = await browser.newContext({ baseURL: base, viewport: { width: 1280, height: 900 }, locale: 'en-GB', ...options })
  context.setDefaultTimeout(15_000)
  const page = await context.newPage()
  const troubles: string[] = []
  page.on('pageerror', (error) => troubles.push(`page error: ${error.message}`))
  page.on('console', (message) => {
    // What the browser itself logs about failed requests is the tests' own doing.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection to/.test(message.text())) troubles.push(`console: ${message.text()}`)
  })
  page.on('dialog', (dialog) => { troubles.push(`dialog: ${dialog.message()}`); void dialog.dismiss() })
  page.on('request', (request) => {
    const url = request.url()
    if (!url.startsWith(base) && !url.startsWith('data:') && !url.startsWith('blob:')) troubles.push(`outside request: ${url}`)
  })
  return { page, context, troubles }
}

/**
 * Signs in: with the session that the tests share for as long as it holds, because an account has only so many
 * sign-ins in a time; then with the password; the first time of all with the link, to choose one. A test that renews
 * or ends its session needs one of its own: a refresh token that is used twice ends the session.
 */
export async function signIn(context: BrowserContext, server: Server, shared = true): Promise<void> {
  const kept = join(server.data, 'browser-session.json')
  if (shared && existsSync(kept)) {
    await context.addCookies((JSON.parse(readFileSync(kept, 'utf8')) as { cookies: Cookie[] }).cookies)
    if ((await context.request.get('/api/v1/auth/me')).ok()) return
    await context.clearCookies()
  }
  const post = async (path: string, data: object) => (await context.request.post(`/api/v1/auth/${path}`, { data, headers: { Origin: server.url } })).status()
  const login = await post('login', { email: OWNER.email, password: OWNER.password })
  if (login !== 204) {
    const link = await post('link', { token: new URL(server.link).hash.replace('#token=', '') })
    const password = await post('password', { name: OWNER.name, email: OWNER.email, new_password: OWNER.password })
    if (link !== 204 || password !== 204) throw new Error(`cannot sign in: login ${login}, link ${link}, password ${password}`)
  }
  if (shared) await context.storageState({ path: kept })
}

/** Asks on the first page and returns the answer's card. */
export async function ask(page: Page, question: string): Promise<Locator> {
  await page.goto('/')
  const box = page.getByLabel('Your question')
  await box.fill(question)
  await box.press('Enter')
  await page.waitForURL('**/conversations/*')
  return page.locator('article').last()
}

/** Waits for a question's status. */
export async function status(card: Locator, wanted: string, timeout = 15_000): Promise<void> {
  await card.page().locator(`article[data-question="${await card.getAttribute('data-question')}"][data-status="${wanted}"]`).waitFor({ timeout })
}

/** Changes the SQL of a finished answer and runs it. */
export async function runSQL(card: Locator, sql: string): Promise<void> {
  await card.getByRole('button', { name: 'Edit SQL' }).click()
  await card.getByLabel('SQL', { exact: true }).fill(sql)
  await card.getByRole('button', { name: 'Run', exact: true }).click()
}
