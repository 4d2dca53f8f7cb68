import createClient from 'openapi-fetch'
import type { paths } from './schema.gen'
import { announce } from './tabs'
import type { ProblemBody } from './types'

/** An error answer of the API: a stable code, and a sentence for the person. Status 0: no answer came. */
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly requestId = '', readonly fields: string[] = []) {
    super(message)
  }
}

const offline = () =>
  new Problem(0, 'offline', 'DataMind cannot be reached. Check that it runs and that you are online; your questions go on without the page.')

// --- whether the server answers -----------------------------------------------

let reachable = true
const watchers = new Set<() => void>()

/** For useSyncExternalStore: whether the last request got an answer. */
export const reach = {
  subscribe: (watch: () => void) => {
    watchers.add(watch)
    return () => { watchers.delete(watch) }
  },
  get: () => reachable,
}

function setReachable(now: boolean): void {
  if (reachable === now) return
  reachable = now
  for (const watch of watchers) watch()
}
globalThis.addEventListener?.('offline', () => setReachable(false)) // that it is back, only an answer shows

async function attempt(request: Request): Promise<Response> {
  const response = await fetch(request).catch(() => null)
  setReachable(response !== null)
  if (!response) throw offline()
  return response
}

const AGAIN_MS = 2000

/** Loads a part of the page; while the server cannot be reached it is tried again. */
export async function whenReachable<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load()
    } catch (error) {
      if (await attempt(new Request(origin() + '/health/live')).then(() => true, () => false)) throw error
      await new Promise((done) => setTimeout(done, AGAIN_MS))
    }
  }
}

// --- the session --------------------------------------------------------------

let renewing: Promise<boolean> | null = null
let renewals = 0
let signedOut = () => {}

/** Sets what happens when the session has ended and cannot be renewed. */
export function onSignedOut(handler: () => void): void {
  signedOut = handler
}

/**
 * Renews the access token, once, however many requests found it expired. False: the session has ended. An
 * outage is a Problem instead, because it must not sign anybody out.
 */
function renew(): Promise<boolean> {
  renewing ??= rotate(3).finally(() => { renewing = null })
  return renewing
}

async function rotate(tries: number): Promise<boolean> {
  const response = await attempt(new Request(origin() + '/api/v1/auth/refresh', { method: 'POST' }))
  if (response.status === 409 && tries > 1) { // another tab is renewing it: its cookies arrive any moment
    await new Promise((done) => setTimeout(done, 300))
    return rotate(tries - 1)
  }
  if (response.ok) renewals++
  else if (response.status !== 401) throw toProblem(response.status, await response.json().catch(() => null))
  return response.ok
}

const SIGNS_IN = /\/auth\/(login|link|invitation|switch)$/
const SIGNS_OUT = /\/auth\/logout(-all)?$/

/** Sends a request, and tells the browser's other tabs where it changes who is signed in. */
async function send(request: Request): Promise<Response> {
  const response = await sendSigned(request)
  const { pathname } = new URL(request.url)
  if (response.ok && SIGNS_IN.test(pathname)) announce('in')
  if (response.ok && SIGNS_OUT.test(pathname)) {
    globalThis.sessionStorage?.clear() // drafts of the one who leaves
    announce('out')
  }
  return response
}

/** Sends a request. A 401 of a request that left before the last renewal only needs the new cookie. */
async function sendSigned(request: Request): Promise<Response> {
  const again = request.clone()
  const before = renewals
  const response = await attempt(request)
  if (response.status !== 401 || /\/auth\/(login|link|logout|invitation|invitation\/check)$/.test(new URL(request.url).pathname)) return response
  if (renewals === before && !(await renew())) {
    signedOut()
    return response
  }
  return attempt(again)
}

// --- requests -----------------------------------------------------------------

// Vitest runs without a page, where requests need a whole address.
const origin = () => globalThis.location?.origin ?? 'http://localhost'

export const api = createClient<paths>({ baseUrl: origin(), fetch: send })

interface Answer<T> { data?: T; error?: unknown; response: Response }

/** The body of an answer; throws a Problem where it is an error. */
export async function unwrap<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer
  if (!response.ok) throw toProblem(response.status, error)
  return data as T
}

function toProblem(status: number, body: unknown): Problem {
  const p: Partial<ProblemBody> = typeof body === 'object' && body !== null ? body : {}
  const fields = (p.errors ?? []).map((e) => `${e.location.replace(/^body\./, '')}: ${e.message}`)
  return new Problem(status, p.code ?? 'internal', p.detail ?? p.title ?? 'Something went wrong. Try again.', p.request_id, fields)
}

/** A fresh idempotency key. (crypto.randomUUID is missing on plain-HTTP addresses other than localhost.) */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}
