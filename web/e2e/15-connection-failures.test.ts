import { readFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server as Listener, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { journey } from './journey'
import { freePort } from './server'

const { server, visit } = journey()
const SSL_REQUEST = 80_877_103

/**
 * Speaks as much of PostgreSQL's protocol as it takes to be refused: by the name of the database that is asked for. It
 * does not offer TLS, and notes that somebody wanted it.
 */
class Refusing {
  tlsWanted = 0
  private readonly sockets = new Set<Socket>()
  private readonly listener: Listener = createServer((socket) => {
    this.sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => this.sockets.delete(socket))
    socket.on('data', (data: Buffer) => {
      if (data.length === 8 && data.readInt32BE(4) === SSL_REQUEST) {
        this.tlsWanted++
        return socket.write('N')
      }
      const text = data.toString('latin1')
      if (text.includes('silent')) return // for ever
      const [code, message] = text.includes('gone') ? ['3D000', 'database does not exist'] : ['28000', 'no pg_hba.conf entry for host, no encryption']
      const fields = Buffer.from(`SFATAL\0VFATAL\0C${code}\0M${message}\0\0`, 'latin1')
      const head = Buffer.alloc(5)
      head.write('E')
      head.writeInt32BE(fields.length + 4, 1)
      socket.end(Buffer.concat([head, fields]))
    })
  })

  async start(): Promise<string> {
    await new Promise<void>((done) => this.listener.listen(0, '127.0.0.1', done))
    return String((this.listener.address() as AddressInfo).port)
  }

  stop(): void {
    for (const socket of this.sockets) socket.destroy()
    this.listener.close()
  }
}

const refusing = new Refusing()
let port: string
beforeAll(async () => { port = await refusing.start() })
afterAll(() => refusing.stop())

/** Fills fields and tests; gives what the test said. */
async function test(form: Locator, fields: Record<string, string>): Promise<Locator> {
  for (const [name, value] of Object.entries(fields)) await form.locator(`[name=${name}]`).fill(value)
  await form.getByRole('button', { name: 'Test', exact: true }).click()
  const report = form.getByTestId('report')
  await report.getByText('It does not work yet').waitFor({ timeout: 40_000 })
  return report
}

/** Presses what helps, and expects to be in the field. */
async function leadsTo(report: Locator, button: string, field: string) {
  await report.getByRole('button', { name: button }).click()
  expect(await report.page().evaluate(() => document.activeElement?.getAttribute('name'))).toBe(field)
}

it('says in words what is wrong with a connection, and has the button that helps', async () => {
  const { page } = await visit()
  const stack = new URL(server.dsn('sample_company')).port
  await page.goto('/connections')
  await page.getByRole('button', { name: 'Connect a database' }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('TLS').first().click()
  await page.getByRole('option', { name: 'Not encrypted' }).click()

  let report = await test(form, { name: 'Shop', host: 'db.invalid', port, database: 'shop', username: 'ann', password: 'secret' })
  await report.getByText('The host "db.invalid" is not known.').waitFor()
  await leadsTo(report, 'Change the host', 'host')

  report = await test(form, { host: '127.0.0.1', port: String(await freePort()) })
  await report.getByText(/Nothing listens on 127\.0\.0\.1 port \d+/).waitFor()
  await leadsTo(report, 'Change the port', 'port')

  report = await test(form, { port, database: 'gone' })
  await report.getByText('There is no database "gone" on the server.').waitFor()
  await leadsTo(report, 'Change the database', 'database')

  report = await test(form, { port: stack, database: 'sample_company', username: 'sample_reader', password: 'wrong' })
  await report.getByText('The user "sample_reader" or the password is wrong.').waitFor()
  await leadsTo(report, 'Enter the password again', 'password')

  report = await test(form, { database: 'datamind', username: 'datamind_app' })
  await report.getByText(/it belongs to DataMind itself/).waitFor()
  await leadsTo(report, 'Change the host', 'host')
})

it('encrypts where the server wants it, and does not where it cannot', async () => {
  const { page } = await visit()
  await page.goto('/connections')
  await page.getByRole('button', { name: 'Connect a database' }).click()
  const form = page.getByRole('dialog')
  const mode = form.getByRole('combobox', { name: 'TLS' })
  expect(await mode.inputValue(), 'the safest first').toBe('Encrypted, certificate checked')

  // A server without TLS: the one of the sample.
  const password = readFileSync(join(server.data, 'secrets/sample-reader'), 'utf8').trim()
  let report = await test(form, { name: 'Shop', host: '127.0.0.1', port: new URL(server.dsn('sample_company')).port, database: 'sample_company', username: 'sample_reader', password })
  await report.getByText('The server does not offer TLS.').waitFor()
  await report.getByRole('button', { name: 'Connect without encryption' }).click()
  await form.getByTestId('report').getByText('It works').waitFor()
  expect(await mode.inputValue()).toBe('Not encrypted')

  // A server that lets nobody in without TLS.
  report = await test(form, { port, database: 'shop' })
  await report.getByText(/it may want TLS/).waitFor()
  const before = refusing.tlsWanted
  await report.getByRole('button', { name: 'Encrypt without checking the certificate' }).click()
  await form.getByTestId('report').getByText('The server does not offer TLS.').waitFor()
  expect(await mode.inputValue()).toBe('Encrypted, certificate not checked')
  expect(refusing.tlsWanted).toBeGreaterThan(before)
})

it('gives up on a server that never answers, and tests again', async () => {
  const { page } = await visit()
  await page.goto('/connections')
  await page.getByRole('button', { name: 'Connect a database' }).click()
  const form = page.getByRole('dialog')
  await form.getByLabel('TLS').first().click()
  await page.getByRole('option', { name: 'Not encrypted' }).click()
  const report = await test(form, { name: 'Shop', host: '127.0.0.1', port, database: 'silent', username: 'ann', password: 'secret' })
  await report.getByText(/does not answer|took too long/).waitFor()
  await form.locator('[name=database]').fill('gone')
  await form.getByRole('button', { name: 'Test', exact: true }).click()
  await form.getByTestId('report').getByText('There is no database "gone"').waitFor()
}, 90_000)
