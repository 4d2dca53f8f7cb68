import { createServer, type Server as Receiver } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { journey } from './journey'

const { visit } = journey()

/** A program that takes messages; what it answers can be changed. */
const had: { key?: string; signature?: string; title: string }[] = []
let answer = 200
let receiver: Receiver
let address = ''
let nobody = '' // a port that nothing listens on
beforeAll(async () => {
  receiver = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => { body += String(chunk) })
    request.on('end', () => {
      const { message } = JSON.parse(body) as { message: { title: string } }
      had.push({ key: request.headers['datamind-delivery'] as string, signature: request.headers['datamind-signature'] as string, title: message.title })
      response.writeHead(answer).end()
    })
  }).listen(0, '127.0.0.1')
  await new Promise((done) => receiver.once('listening', done))
  address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/in`
  const closed = createServer().listen(0, '127.0.0.1')
  await new Promise((done) => closed.once('listening', done))
  nobody = String((closed.address() as AddressInfo).port)
  await new Promise((done) => closed.close(done))
})
afterAll(() => receiver.close())

it('sets a webhook up, tests it, and sends again what failed, under the same key', async () => {
  const { page } = await visit()
  await page.goto('/settings/channels')
  await page.getByRole('button', { name: 'Add a channel' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('button', { name: /^Webhook/ }).or(dialog.locator('[data-kind=webhook]')).first().click()
  await dialog.getByText('Where to find these values').waitFor()
  await dialog.getByRole('textbox', { name: /^Name/ }).fill('Ticket system')
  await dialog.getByRole('textbox', { name: /^Address/ }).fill(address)
  await dialog.getByRole('button', { name: 'Send a test' }).click()
  await dialog.getByTestId('report').getByText('It works').waitFor()
  expect(had.at(-1)?.title).toBe('DataMind: this is a test')
  expect(had.at(-1)?.signature).toMatch(/^t=\d+,v1=[0-9a-f]{64}$/)
  const secret = await dialog.getByLabel(/^Secret to sign with/).first().inputValue()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.waitFor({ state: 'detached' })
  const card = page.getByTestId('channel').filter({ hasText: 'Ticket system' })
  await card.getByText(address).waitFor()
  expect(await page.content(), 'a secret is not shown again').not.toContain(secret)

  answer = 410
  await card.getByRole('button', { name: 'Test', exact: true }).click()
  await card.getByTestId('report').getByText(/takes messages \(status 410\)/).waitFor()
  await card.getByRole('button', { name: 'Deliveries' }).click()
  const entry = page.locator('[data-testid=delivery][data-status=failed]').first()
  await entry.getByText(/Check the path/).waitFor()
  const key = had.at(-1)?.key
  answer = 200
  await entry.getByRole('button', { name: 'Send again' }).click()
  await page.locator('[data-testid=delivery][data-status=sent]').filter({ hasText: '2 tries' }).waitFor()
  expect(had.at(-1)?.key).toBe(key)

  await card.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await card.waitFor({ state: 'detached' })
})

it('says what is wrong with a mail server and with an address that is not the service’s', async () => {
  const { page } = await visit()
  await page.goto('/settings/channels')
  await page.getByRole('button', { name: 'Add a channel' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.locator('[data-kind=email]').click()
  await dialog.getByRole('textbox', { name: /^Name/ }).fill('Mail')
  await dialog.getByRole('combobox', { name: 'Recipients' }).fill('ann@example.com')
  await page.keyboard.press('Enter')
  await dialog.getByRole('textbox', { name: 'Sender’s address' }).fill('datamind@example.com')
  await dialog.getByRole('textbox', { name: 'Mail server (SMTP)' }).fill('127.0.0.1')
  await dialog.getByRole('textbox', { name: 'Port' }).fill(nobody)
  await dialog.getByRole('button', { name: 'Send a test' }).click()
  await dialog.getByTestId('report').getByText(/Nothing listens at/).waitFor()
  await dialog.getByRole('button', { name: 'Choose another service' }).click()
  await dialog.locator('[data-kind=slack]').click()
  await dialog.getByRole('textbox', { name: /^Webhook’s address/ }).or(dialog.getByLabel(/^Webhook’s address/)).first().fill('https://evil.example.com/services/x')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await dialog.getByRole('alert').getByText(/hooks\.slack\.com/).first().waitFor()
})
