import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { LiveEvent } from './reducer'
import { follow } from './socket'

/** A socket that the test plays the server of. */
class FakeSocket {
  static made: FakeSocket[] = []
  onopen?: () => void
  onmessage?: (m: { data: string }) => void
  onclose?: (e: { code: number }) => void
  closed = false
  constructor(readonly url: string) { FakeSocket.made.push(this) }
  close() { this.closed = true }
  say(event: LiveEvent) { this.onmessage?.({ data: JSON.stringify(event) }) }
}

const requests: string[] = []
let answer: () => Response
const last = () => FakeSocket.made.at(-1) as FakeSocket

beforeEach(() => {
  vi.useFakeTimers()
  FakeSocket.made = []
  requests.length = 0
  answer = () => Response.json({ id: 'q', run: 1 })
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('location', { protocol: 'http:', host: 'here', origin: 'http://here' })
  vi.stubGlobal('fetch', async (r: Request) => { requests.push(`${r.method} ${new URL(r.url).pathname}`); return answer() })
})
afterEach(() => { vi.useRealTimers(); vi.unstubAllGlobals() })

it('opens again after the last event it saw', async () => {
  const seen: LiveEvent[] = []
  follow('q', (e) => seen.push(e))
  last().onopen?.()
  last().say({ id: '5-1', type: 'step', data: {} })
  last().onclose?.({ code: 1006 })
  await vi.advanceTimersByTimeAsync(400)
  expect(FakeSocket.made).toHaveLength(2)
  expect(last().url).toBe('ws://here/api/v1/questions/q/events?after=5-1')
  expect(requests).toEqual([])
})

it('says that it is not connected when a second socket fails too, and when one is open again', async () => {
  const said: boolean[] = []
  follow('q', () => undefined, (on) => said.push(on))
  last().onopen?.()
  last().onclose?.({ code: 1006 })
  expect(said).toEqual([true])
  await vi.advanceTimersByTimeAsync(400)
  last().onclose?.({ code: 1006 })
  expect(said).toEqual([true, false])
  await vi.advanceTimersByTimeAsync(2000)
  expect(requests).toEqual(['GET /api/v1/questions/q'])
  last().onopen?.()
  expect(said).toEqual([true, false, true])
})

it('reads the row at once, which renews the session, when the token has run out', async () => {
  const seen: LiveEvent[] = []
  follow('q', (e) => seen.push(e))
  last().onopen?.()
  last().onclose?.({ code: 4401 })
  await vi.advanceTimersByTimeAsync(1)
  expect(requests).toEqual(['GET /api/v1/questions/q'])
  expect(seen).toEqual([{ type: 'row', data: { id: 'q', run: 1 } }])
  expect(FakeSocket.made).toHaveLength(2)
})

it('keeps trying while the server is away, and gives up on a question that is gone', async () => {
  follow('q', () => undefined)
  answer = () => { throw new TypeError('refused') }
  last().onclose?.({ code: 1006 })
  await vi.advanceTimersByTimeAsync(20_000)
  expect(requests.length).toBeGreaterThan(3)
  expect(FakeSocket.made).toHaveLength(1)
  answer = () => Response.json({ code: 'not_found' }, { status: 404 })
  await vi.advanceTimersByTimeAsync(5000)
  const asked = requests.length
  await vi.advanceTimersByTimeAsync(20_000)
  expect(requests).toHaveLength(asked)
})

it('only detaches when the page is left', async () => {
  const leave = follow('q', () => undefined)
  leave()
  expect(last().closed).toBe(true)
  last().onclose?.({ code: 1005 })
  await vi.advanceTimersByTimeAsync(20_000)
  expect(FakeSocket.made).toHaveLength(1)
})
