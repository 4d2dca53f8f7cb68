import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createConnection, createServer, type Server as Listener, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { APIRequestContext } from 'playwright-core'
import { BIN, clean, freePort, ROOT, type Server } from './server'

const NAME = 'apart'
const READY_MS = 30_000

/**
 * An API and workers as processes of their own, in the stack of a server: on a database and in a namespace of their own,
 * so that the server's workers have no part in it. Each can be ended and started, and Redis can be cut off.
 */
export class Apart {
  private readonly processes = new Map<string, ChildProcess>()
  private constructor(readonly url: string, private readonly server: Server, private readonly env: Record<string, string>, private readonly redis: Wire) {}

  static async make(server: Server, extra: Record<string, string>): Promise<Apart> {
    const env = Object.fromEntries(readFileSync(join(server.data, 'env'), 'utf8').trim().split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
    const admin = await server.connect('postgres')
    await admin.query(`CREATE DATABASE ${NAME}`)
    await admin.end()
    await makeNamespace(server.ui)
    for (const name of ['DATAMIND_DATABASE_URL', 'DATAMIND_MIGRATE_DATABASE_URL']) {
      const dsn = new URL(env[name] ?? '')
      dsn.pathname = NAME
      env[name] = dsn.toString()
    }
    const redis = await Wire.to(env.DATAMIND_REDIS_URL ?? '')
    const http = `127.0.0.1:${await freePort()}`
    const apart = new Apart(`http://${http}`, server, {
      ...clean(process.env) as Record<string, string>, ...env, DATAMIND_REDIS_URL: redis.url, DATAMIND_TEMPORAL_NAMESPACE: NAME, DATAMIND_HTTP_ADDR: http,
      DATAMIND_BASE_URL: `http://${http}`, DATAMIND_METRICS_ADDR: '127.0.0.1:0', ...extra,
    }, redis)
    await apart.command('migrate', 'up')
    await Promise.all([apart.start('api', 'api'), apart.start('ask', 'worker', '--queues', 'ask,query'), apart.start('model', 'worker', '--queues', 'model')])
    return apart
  }

  /** Signs the first owner in and connects the sample company. */
  async welcome(request: APIRequestContext): Promise<void> {
    const token = (await this.command('link')).split('#token=')[1]?.trim()
    const post = async (path: string, data: object) => {
      const answer = await request.post(`${this.url}/api/v1${path}`, { data, headers: { Origin: this.url } })
      if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`)
    }
    await post('/auth/link', { token })
    const sample = new URL(this.server.dsn('sample_company'))
    await post('/connections', {
      name: 'Sample company', host: sample.hostname, port: Number(sample.port), database: 'sample_company', schemas: ['public'], tls_mode: 'disable',
      username: 'sample_reader', password: readFileSync(join(this.server.data, 'secrets/sample-reader'), 'utf8').trim(),
    })
  }

  /** Starts a process, by a name of the caller's, and waits until it is ready. */
  async start(name: string, ...args: string[]): Promise<void> {
    const child = spawn(BIN, args, { cwd: this.server.data, env: this.env, stdio: ['ignore', 'ignore', 'pipe'] })
    this.processes.set(name, child)
    let said = ''
    const ready = new Promise<void>((done, fail) => {
      child.stderr.on('data', (chunk: Buffer) => { said = (said + chunk.toString()).slice(-20_000); if (/ is ready"/.test(said)) done() })
      child.once('exit', (code) => fail(new Error(`${args.join(' ')} ended with ${code}:\n${said}`)))
    })
    ready.catch(() => undefined) // an end after the start is the test's doing
    await Promise.race([ready, setTimeout(READY_MS).then(() => { throw new Error(`${args.join(' ')} is not ready:\n${said}`) })])
  }

  /** Ends a process like a crash. */
  async kill(name: string): Promise<void> {
    const child = this.processes.get(name)
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((done) => child.once('exit', done))
    child.kill('SIGKILL')
    await gone
  }

  cutRedis(): void { this.redis.cut() }
  mendRedis(): void { this.redis.whole = true }

  async stop(): Promise<void> {
    await Promise.all([...this.processes.keys()].map((name) => this.kill(name)))
    this.redis.close()
  }

  private async command(...args: string[]): Promise<string> {
    return (await promisify(execFile)(BIN, args, { cwd: ROOT, env: this.env })).stdout
  }
}

/** A way to a server that can be cut and mended. */
class Wire {
  whole = true
  private readonly sockets = new Set<Socket>()
  private constructor(readonly url: string, private readonly listener: Listener) {}

  static async to(address: string): Promise<Wire> {
    const url = new URL(address)
    const port = await freePort()
    const far = Number(url.port)
    url.port = String(port)
    const listener = createServer()
    const wire = new Wire(url.toString(), listener)
    listener.on('connection', (near) => {
      if (!wire.whole) return near.destroy()
      const other = createConnection(far, '127.0.0.1')
      for (const [from, to] of [[near, other], [other, near]] as const) {
        wire.sockets.add(from)
        from.on('error', () => undefined).on('close', () => { wire.sockets.delete(from); to.destroy() }).pipe(to)
      }
    })
    await new Promise<void>((done) => listener.listen(port, '127.0.0.1', done))
    return wire
  }

  cut(): void {
    this.whole = false
    for (const socket of this.sockets) socket.destroy()
  }

  close(): void {
    this.cut()
    this.listener.close()
  }
}

/** Makes the namespace through the Temporal UI, and waits until the server knows it everywhere. */
async function makeNamespace(ui: string): Promise<void> {
  const base = `http://${ui}/api/v1/namespaces`
  const cookie = (await fetch(base)).headers.getSetCookie().find((c) => c.startsWith('_csrf='))?.split(';')[0] ?? ''
  const made = await fetch(base, {
    method: 'POST', headers: { 'Content-Type': 'application/json', Cookie: cookie, 'X-CSRF-Token': cookie.replace('_csrf=', '') },
    body: JSON.stringify({ namespace: NAME, workflowExecutionRetentionPeriod: '86400s' }),
  })
  if (!made.ok) throw new Error(`the namespace is not made: ${made.status} ${await made.text()}`)
  while (!(await fetch(`${base}/${NAME}/workflow-count`)).ok) await setTimeout(200)
}
