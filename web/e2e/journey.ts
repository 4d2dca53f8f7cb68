import type { Browser, BrowserContextOptions } from 'playwright-core'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest'
import { launch, open, signIn, type Watched } from './browser'
import { ROOT, Server } from './server'

export { expect, it } from 'vitest'

/**
 * Gives a file's tests their server and browser. visit opens a page of the server, or at another address, in a context of
 * its own, signed in with the session that the files share, one of its own, or not at all; at the test's end it must have
 * had no errors, dialogs or requests to other places.
 */
export function journey() {
  const server = Server.from(inject('server'))
  let browser: Browser
  let opened: Watched[] = []

  beforeAll(async () => { browser = await launch() })
  afterAll(() => browser.close())
  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await picture(task.name)
    const troubles = opened.flatMap((w) => w.troubles)
    await Promise.all(opened.map((w) => w.context.close()))
    opened = []
    expect(troubles).toEqual([])
  })

  const picture = async (test: string) => {
    const dir = join(ROOT, 'e2e/screenshots')
    mkdirSync(dir, { recursive: true })
    for (const [i, { page }] of opened.entries()) {
      await page.screenshot({ path: join(dir, `failed-${test.replace(/\W+/g, '-')}-${i}.png`), fullPage: true }).catch(() => undefined)
    }
  }
  const visit = async ({ session = 'shared', at = server.url, ...options }: BrowserContextOptions & { session?: 'shared' | 'own' | 'none'; at?: string } = {}): Promise<Watched> => {
    const watched = await open(browser, at, options)
    opened.push(watched)
    if (session !== 'none') await signIn(watched.context, server, session === 'shared')
    return watched
  }
  return { server, visit }
}
