import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { api, newKey, onSignedOut, Problem, reach, unwrap } from './client'

const requests: string[] = []
let respond: (path: string, body: string) => Response | Promise<Response>

beforeEach(() => {
  requests.length = 0
  vi.stubGlobal('fetch', async (r: Request) => {
    const path = new URL(r.url).pathname.replace('/api/v1', '')
    requests.push(path)
    return respond(path, await r.text())
  })
})
afterEach(() => { vi.unstubAllGlobals(); onSignedOut(() => undefined) })

const refused = (status: number, body: object = {}) => Response.json(body, { status })
const me = () => unwrap(api.GET('/api/v1/auth/me'))

it('renews an expired session once for all requests, late ones too', async () => {
  let fresh = false
  let late: (r: Response) => void = () => undefined
  respond = (path) => {
    if (path === '/auth/refresh') { fresh = true; return new Response(null, { status: 204 }) }
    if (path === '/members' && !fresh) return new Promise((done) => { late = done })
    return fresh ? Response.json({}) : refused(401)
  }
  const slow = unwrap(api.GET('/api/v1/members'))
  await Promise.all([me(), me(), unwrap(api.GET('/api/v1/connections'))])
  late(refused(401)) // left before the renewal, refused after it
  await slow
  expect(requests.filter((p) => p === '/auth/refresh')).toHaveLength(1)
})

it('sends the body again after a renewal', async () => {
  const bodies: string[] = []
  respond = (path, body) => {
    if (path === '/auth/refresh') return new Response(null, { status: 204 })
    bodies.push(body)
    return bodies.length === 1 ? refused(401) : Response.json({})
  }
  await unwrap(api.POST('/api/v1/questions', { body: { question: 'how many' } }))
  expect(bodies).toEqual(['{"question":"how many"}', '{"question":"how many"}'])
})

it('says that the session has ended when it cannot be renewed', async () => {
  const ended = vi.fn()
  onSignedOut(ended)
  respond = () => refused(401, { code: 'unauthorized', detail: 'Sign in.' })
  await expect(me()).rejects.toMatchObject({ status: 401, code: 'unauthorized' })
  expect(ended).toHaveBeenCalledOnce()
})

it('does not sign out for an outage or a limit while renewing', async () => {
  const ended = vi.fn()
  onSignedOut(ended)
  respond = (path) => (path === '/auth/refresh' ? refused(429, { code: 'rate_limited' }) : refused(401))
  await expect(me()).rejects.toMatchObject({ status: 429 })
  respond = (path) => { if (path === '/auth/refresh') throw new TypeError('refused'); return refused(401) }
  await expect(me()).rejects.toMatchObject({ status: 0, code: 'offline' })
  expect(ended).not.toHaveBeenCalled()
})

it('waits for another tab that is renewing the session', async () => {
  let tries = 0
  respond = (path) => {
    if (path === '/auth/refresh') return ++tries === 1 ? refused(409, { code: 'conflict' }) : new Response(null, { status: 204 })
    return tries < 2 ? refused(401) : Response.json({ role: 'owner' })
  }
  await expect(me()).resolves.toEqual({ role: 'owner' })
})

it('does not renew for a wrong password', async () => {
  respond = () => refused(401, { code: 'unauthorized' })
  await expect(unwrap(api.POST('/api/v1/auth/login', { body: { email: 'a@b', password: 'x' } }))).rejects.toMatchObject({ status: 401 })
  expect(requests).toEqual(['/auth/login'])
})

it('makes a Problem of every error, also of one that is not JSON', async () => {
  respond = () => refused(422, { code: 'invalid', detail: 'Wrong.', request_id: 'r1', errors: [{ location: 'body.host', message: 'must not be blank' }] })
  const error = await me().catch((e: unknown) => e)
  expect(error).toBeInstanceOf(Problem)
  expect(error).toMatchObject({ code: 'invalid', message: 'Wrong.', requestId: 'r1', fields: ['host: must not be blank'] })
  respond = () => new Response('<html>Bad gateway</html>', { status: 502 })
  await expect(me()).rejects.toMatchObject({ status: 502, code: 'internal' })
})

it('notes whether the server can be reached', async () => {
  const changes: boolean[] = []
  const stop = reach.subscribe(() => changes.push(reach.get()))
  respond = () => { throw new TypeError('refused') }
  await me().catch(() => undefined)
  await me().catch(() => undefined)
  respond = () => Response.json({})
  await me()
  stop()
  expect(changes).toEqual([false, true])
})

it('makes keys that differ', () => {
  expect(newKey()).toMatch(/^[0-9a-f]{32}$/)
  expect(newKey()).not.toBe(newKey())
})
