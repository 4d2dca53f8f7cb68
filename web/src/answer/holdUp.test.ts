import i18n from 'i18next'
import { describe, expect, it } from 'vitest'
import { Problem } from '../api/client'
import type { Fault, Question, Step } from '../api/types'
import { initial, reduce } from '../live/reducer'
import { pulse } from '../live/quiet'
import { holdUps } from './holdUp'
import { doing, isTriedAgain, runLink } from './question'
import { initWords } from '../i18n'
import './words'

await initWords('en')
const t = i18n.getFixedT('en', 'answer')

const step = (kind: Step['kind'], status: Step['status']): Step => ({
  run: 1, kind, attempt: 1, status, tries: 1, summary: '', input_tokens: 0, output_tokens: 0, ms: 0, started_at: '2026-01-01T00:00:00Z',
})
const question = (status: Question['status'], ...steps: Step[]): Question => ({
  id: 'q', conversation_id: 'c', connection_id: 'd', user_id: 'u', workflow_id: 'ask/q', question: 'how many orders', status,
  run: 1, run_id: '', planner: '', sql: '', understanding: '', text: '', numbers: [], facts: [], has_result: false, ms: 0,
  created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', steps,
})
const fault = (code: Fault['code'], name: Fault['name']): Fault => ({ code, name, message: `${name} is ${code}.`, waiting: 0, oldest_seconds: 0 })
const known = (...faults: Fault[]) => ({ faults, error: null, connected: true })

const stored = 'Your question is stored and starts by itself.'
const kept = 'Your question is kept and goes on by itself.'

describe('what holds a question up', () => {
  const unserved = known(fault('unserved', 'ask'), fault('behind', 'model'), fault('unserved', 'query'))

  it('is the queue that the question waits in', () => {
    expect(holdUps(t, question('queued'), unserved)).toEqual(['ask is unserved.', 'model is behind.', 'query is unserved.', stored])
    expect(holdUps(t, question('running'), unserved)).toEqual(['ask is unserved.', 'model is behind.', 'query is unserved.', kept])
    expect(holdUps(t, question('running', step('plan', 'running')), unserved)).toEqual(['ask is unserved.', 'model is behind.', kept])
    expect(holdUps(t, question('running', step('plan', 'done')), unserved)).toEqual(['ask is unserved.', 'query is unserved.', kept])
    expect(holdUps(t, question('running', step('query', 'done')), unserved)).toEqual(['ask is unserved.', 'model is behind.', kept])
  })

  it('is nothing where another queue is in trouble', () => {
    expect(holdUps(t, question('running', step('query', 'running')), known(fault('unserved', 'model')))).toEqual([])
  })

  it('is a server that is down, whatever the question does', () => {
    expect(holdUps(t, question('queued'), known(fault('down', 'temporal')))).toEqual(['temporal is down.', stored])
    expect(holdUps(t, question('running', step('query', 'running')), known(fault('down', 'redis')))).toEqual(['redis is down.', kept])
  })

  it('is said of live updates, unless a server that is down explains it', () => {
    const running = question('running', step('query', 'running'))
    expect(holdUps(t, running, { ...known(), connected: false })).toEqual([expect.stringMatching(/^Live updates are interrupted/)])
    expect(holdUps(t, running, { ...known(fault('down', 'redis')), connected: false })).toEqual(['redis is down.', kept])
  })

  it('is what an outage of the database says of itself, and the frame’s to say without an answer', () => {
    const error = (...p: ConstructorParameters<typeof Problem>) => holdUps(t, question('running'), { ...known(), error: new Problem(...p) })
    expect(error(503, 'unavailable', 'The database does not answer.')[0]).toMatch(/^The database does not answer\. Your question is kept/)
    expect(error(502, 'internal', 'Something')[0]).toMatch(/^DataMind does not answer as it should/)
    expect(error(0, 'offline', 'DataMind cannot be reached.')).toEqual([])
  })
})

describe('a step that has failed', () => {
  it('is tried again while the question is open and nothing came after it', () => {
    const [plan, query] = [step('plan', 'failed'), step('query', 'failed')]
    expect(isTriedAgain(question('running', plan), plan)).toBe(true)
    expect(doing(t, question('running', plan))).toBe('Waiting to try again…')
    expect(isTriedAgain(question('failed', plan), plan)).toBe(false)
    const next = question('running', query, { ...plan, status: 'running', attempt: 2 })
    expect(isTriedAgain(next, query)).toBe(false)
    expect(doing(t, next)).toBe('Planning the query…')
  })
})

it('hears events and steps, and not that a row was touched', () => {
  const state = initial(question('queued'))
  const touched = reduce(state, { type: 'row', data: { ...state.question, updated_at: '2026-01-01T00:00:09Z' } })
  expect(touched).not.toBe(state)
  expect(pulse(touched)).toBe(pulse(state))
  expect(pulse(reduce(state, { type: 'row', data: { ...question('running'), updated_at: '2026-01-01T00:00:09Z' } }))).not.toBe(pulse(state))
  expect(pulse(reduce(state, { id: '1-1', type: 'text', data: { run: 1, try: 1, delta: 'a' } }))).not.toBe(pulse(state))
})

it('links to a run only where the API says where runs can be looked at', () => {
  const q = question('running')
  expect(runLink({ planner: 'builtin' }, q)).toBeUndefined()
  const features = { planner: 'builtin', temporal_ui_url: 'https://t.example.com/ui/', temporal_namespace: 'live' }
  expect(runLink(features, q)).toBe('https://t.example.com/ui/namespaces/live/workflows/ask%2Fq')
  expect(runLink(features, { ...q, run_id: 'r' })).toBe('https://t.example.com/ui/namespaces/live/workflows/ask%2Fq/r/history')
})
