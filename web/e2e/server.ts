import { execFile, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { promisify } from 'node:util'
import pg from 'pg'

export const ROOT = resolve(import.meta.dirname, '../..')
export const BIN = join(ROOT, 'bin/datamind')
const READY_MS = 60_000

/** How to find a server; link is the one-time sign-in link that its last start printed. */
export interface Address { data: string; http: string; ui: string; link: string }

/** A real `datamind up` on free ports and a data directory of its own. */
export class Server {
  private constructor(readonly data: string, readonly http: string, readonly ui: string, public link: string) {}

  get url(): string { return `http://${this.http}` }

  static async make(): Promise<Server> {
    const data = mkdtempSync(join(tmpdir(), 'datamind-browser-'))
    chmodSync(data, 0o755) // PostgreSQL runs as another user where the tests run as root
    return new Server(data, `127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`, '')
  }

  /** The same server, seen from another process. */
  static from({ data, http, ui, link }: Address): Server {
    return new Server(data, http, ui, link)
  }

  get address(): Address { return { data: this.data, http: this.http, ui: this.ui, link: this.link } }

  async start(env: Record<string, string> = {}): Promise<void> {
    const child = spawn(BIN, ['up', '--data', this.data, '--http', this.http, '--temporal-ui', this.ui], {
      cwd: ROOT, env: { ...clean(process.env), ...env }, stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    await new Promise<void>((done, fail) => {
      const timer = globalThis.setTimeout(() => fail(new Error(`datamind up is not ready after ${READY_MS} ms:\n${said}`)), READY_MS)
      const hear = (chunk: Buffer) => {
        said += chunk.toString()
        const link = /^DataMind is ready: .* (\S+\/link#token=\S+)$/m.exec(said)?.[1]
        if (!link) return
        this.link = link
        clearTimeout(timer)
        done()
      }
      child.stdout.on('data', hear)
      child.stderr.on('data', hear)
      child.once('error', fail)
      child.once('exit', (code) => {
        clearTimeout(timer)
        fail(new Error(`datamind up ended with ${code}:\n${said}${this.log()}`))
      })
    })
  }

  /** Ends it like a crash: nothing gets a chance to say goodbye. */
  async crash(): Promise<void> {
    await this.end('SIGKILL')
  }

  /** Ends it like Ctrl-C. */
  async halt(): Promise<void> {
    await this.end('SIGTERM')
  }

  /** Stops everything, what a crash left over too, and removes the data. */
  async remove(): Promise<void> {
    await this.end('SIGTERM').catch(() => undefined)
    await promisify(execFile)(BIN, ['down', '--data', this.data]).catch(() => undefined)
    rmSync(this.data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
  }

  /** The same at once, for a run that is cut off. */
  abandon(): void {
    try {
      process.kill(Number(readFileSync(join(this.data, 'pid'), 'utf8')), 'SIGKILL') // its children go with it
    } catch { /* it does not run any more */ }
    rmSync(this.data, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
  }

  /** A superuser's client of one of the databases in the stack's PostgreSQL. */
  async connect(database: string): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.dsn(database) })
    await client.connect()
    return client
  }

  dsn(database: string): string {
    const line = /^DATAMIND_MIGRATE_DATABASE_URL=(.*)$/m.exec(readFileSync(join(this.data, 'env'), 'utf8'))
    const dsn = new URL(line?.[1] ?? '')
    dsn.pathname = database
    return dsn.toString()
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const pid = Number(readFileSync(join(this.data, 'pid'), 'utf8'))
    if (!runs(pid)) return
    process.kill(pid, signal)
    while (runs(pid)) await setTimeout(20)
  }

  private log(): string {
    const dir = join(this.data, 'log')
    if (!existsSync(dir)) return ''
    return readdirSync(dir).map((f) => `\n--- ${f}\n${readFileSync(join(dir, f), 'utf8').slice(-2000)}`).join('')
  }
}

const MODEL = join(ROOT, 'bin/llmserver')

export async function buildModel(): Promise<void> {
  await promisify(execFile)('go', ['build', '-o', MODEL, './internal/llm/llmtest/llmserver'], { cwd: ROOT })
}

/** A scripted model: the real wire, with answers that are known beforehand. */
export async function startModel(script: string): Promise<{ url: string; stop: () => void }> {
  const child = spawn(MODEL, ['-script', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const url = await new Promise<string>((done, fail) => {
    child.stdout.once('data', (line: Buffer) => done(line.toString().trim()))
    child.once('exit', (code) => fail(new Error(`llmserver ended with ${code}`)))
  })
  return { url, stop: () => child.kill() }
}

/** The environment without settings of a developer's own. */
export function clean(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('DATAMIND_')))
}

function runs(pid: number): boolean {
  try {
    // A process that has ended and was not waited for yet does not count.
    return process.kill(pid, 0) && !(existsSync('/proc') && /\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')))
  } catch {
    return false
  }
}

export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().once('error', fail).listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
