import type { TFunction } from 'i18next'
import { Problem } from '../api/client'
import type { Fault, Question, Step } from '../api/types'
import { lastStep } from './question'

/** Whose workers do a step, and whose the one that follows it. */
const QUEUE: Record<Step['kind'], Fault['name']> = { discover: 'query', plan: 'model', guard: 'query', query: 'query', analyse: 'model' }
const NEXT: Record<Step['kind'], Fault['name']> = { discover: 'model', plan: 'query', guard: 'query', query: 'model', analyse: 'model' }

/** The queues in which an open question may be waiting. */
function queues(q: Question): Fault['name'][] {
  const last = lastStep(q)
  if (!last) return ['ask', 'model', 'query'] // a run begins with its first step, whichever that is
  if (last.status === 'failed') return ['ask', QUEUE[last.kind], NEXT[last.kind]]
  return ['ask', last.status === 'done' ? NEXT[last.kind] : QUEUE[last.kind]]
}

/** What the page knows beside the question: what /status answered, or why it did not, and whether events come. */
export interface Known {
  faults: Fault[]
  error: Error | null
  connected: boolean
}

/** What holds an open question up, in words; nothing where nothing is known to. */
export function holdUps(t: TFunction<'answer'>, q: Question, { faults, error, connected }: Known): string[] {
  if (error) return troubles(t, error)
  const waitsIn = queues(q)
  const found = faults.filter((f) => f.code === 'down' || waitsIn.includes(f.name))
  const words = found.map((f) => f.message)
  if (!connected && !found.some((f) => f.code === 'down')) words.push(t('holdUp.interrupted'))
  if (q.status === 'queued') words.push(t('holdUp.startsItself'))
  else if (found.length) words.push(t('holdUp.goesOn'))
  return words
}

/** /status itself fails: without an answer the page's frame says so, an outage of the database has its own words. */
function troubles(t: TFunction<'answer'>, error: Error): string[] {
  if (!(error instanceof Problem) || error.status === 0 || error.status === 401) return []
  if (error.code === 'unavailable') return [`${error.message} ${t('holdUp.keepsAsking')}`]
  return [`${t('holdUp.misbehaves')} ${t('holdUp.keepsAsking')}`]
}
