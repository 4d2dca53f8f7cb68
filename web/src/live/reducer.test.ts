import { describe, expect, it } from 'vitest'
import type { Question } from '../api/types'
import { initial, isAfter, type Live, type LiveEvent, reduce } from './reducer'

const question: Question = {
  id: 'q', conversation_id: 'c', connection_id: 'd', user_id: 'u', workflow_id: 'ask/q', question: 'how many orders', status: 'queued',
  run: 1, run_id: '', planner: '', sql: '', understanding: '', text: '', numbers: [], facts: [], has_result: false, ms: 0,
  created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', steps: [],
}

const step = (kind: string, status: string, run = 1) => ({ run, kind, attempt: 1, status, ms: status === 'running' ? 0 : 12, tries: 1 })

const log: LiveEvent[] = [
  { id: '1-0', type: 'status', data: { status: 'running', run: 1, planner: 'builtin' } },
  { id: '2-0', type: 'step', data: step('plan', 'running') },
  { id: '2-1', type: 'sql', data: { run: 1, attempt: 1, sql: 'SELECT 1', understanding: 'one' } },
  { id: '2-2', type: 'step', data: step('plan', 'done') },
  { id: '3-0', type: 'step', data: step('query', 'running') },
  { id: '3-1', type: 'rows', data: { run: 1, row_count: 1 } },
  { id: '3-2', type: 'step', data: step('query', 'done') },
  { id: '4-0', type: 'text_reset', data: { run: 1, try: 11 } },
  { id: '4-1', type: 'text', data: { run: 1, try: 11, delta: 'There are ' } },
  { id: '4-2', type: 'text_reset', data: { run: 1, try: 21 } },
  { id: '4-3', type: 'text', data: { run: 1, try: 21, delta: 'There ' } },
  { id: '4-4', type: 'text', data: { run: 1, try: 21, delta: 'are 5' } },
]

const end: LiveEvent[] = [
  { id: '5-0', type: 'answer', data: { run: 1, text: 'There are 5.', numbers: [] } },
  { id: '5-1', type: 'status', data: { status: 'answered', run: 1 } },
  { id: '5-2', type: 'end', data: { status: 'answered', run: 1 } },
]

const play = (events: LiveEvent[], from: Live = initial(question)) => events.reduce(reduce, from)

describe('reduce', () => {
  it('follows a question from its start to its answer', () => {
    const { question: q, partial } = play([...log, ...end])
    expect(q).toMatchObject({ status: 'answered', planner: 'builtin', sql: 'SELECT 1', understanding: 'one', has_result: true, text: 'There are 5.' })
    expect(q.steps.map((s) => [s.kind, s.status])).toEqual([['plan', 'done'], ['query', 'done']])
    expect(partial).toBe('')
  })

  it('drops the partial text when a step is tried again', () => {
    expect(play(log.slice(0, 9)).partial).toBe('There are ')
    expect(play(log.slice(0, 10)).partial).toBe('')
    expect(play(log).partial).toBe('There are 5')
  })

  it('keeps why a step failed for as long as it is tried again', () => {
    const failed = { id: '2-1', type: 'step', data: { ...step('plan', 'failed'), error: 'The model is busy.' } }
    const again = { id: '2-2', type: 'step', data: { ...step('plan', 'running'), tries: 2, error: 'The model is busy.' } }
    const over = { id: '2-3', type: 'step', data: { ...step('plan', 'done'), tries: 2 } }
    expect(play([...log.slice(0, 2), failed, again]).question.steps).toMatchObject([{ status: 'running', tries: 2, error: 'The model is busy.' }])
    expect(play([...log.slice(0, 2), failed, again, over]).question.steps[0]?.error).toBeUndefined()
  })

  it('is not changed by a log that comes twice', () => {
    const once = play(log)
    expect(play(log, once)).toEqual(once)
  })

  it('is not changed by an event that comes late', () => {
    const state = play([...log, ...end])
    for (const late of log) expect(reduce(state, late)).toEqual(state)
  })

  it('bears a gap: what comes after it counts', () => {
    const state = play([log[0], ...end].filter((e) => e !== undefined))
    expect(state.question).toMatchObject({ status: 'answered', text: 'There are 5.' })
  })

  it('does not show a text whose beginning was lost', () => {
    expect(play([{ id: '4-3', type: 'text', data: { run: 1, try: 21, delta: 'are 5' } }]).partial).toBe('')
    const lost = play([...log.slice(0, 9), { id: '4-4', type: 'text', data: { run: 1, try: 21, delta: 'are 5' } }])
    expect(lost.partial).toBe('There are ')
  })

  it('takes the text that is sent again after a snapshot, older than the snapshot as it is', () => {
    const row: Question = { ...question, status: 'running', has_result: true }
    const texts = log.filter((e) => e.type.startsWith('text'))
    const state = play([{ id: '4-4', type: 'snapshot', data: row }, ...texts])
    expect(state.partial).toBe('There are 5')
    expect(reduce(state, { id: '2-2', type: 'step', data: step('plan', 'done') }).question.steps).toEqual([])
    expect(reduce(state, { id: '4-5', type: 'text', data: { run: 1, try: 21, delta: '!' } }).partial).toBe('There are 5!')
  })

  it('starts over from a snapshot', () => {
    const next = reduce(play(log), { id: '9-0', type: 'snapshot', data: { ...question, status: 'answered', text: 'Five.' } })
    expect(next.question.text).toBe('Five.')
    expect(next.partial).toBe('')
    expect(reduce(next, { id: '8-0', type: 'end', data: { status: 'cancelled', run: 1 } }).question.status).toBe('answered')
  })

  it('begins a new run without what the old one found, but with its steps', () => {
    const state = play([...log, ...end, { id: '6-0', type: 'step', data: step('guard', 'running', 2) }])
    expect(state.question).toMatchObject({ run: 2, status: 'running', text: '', has_result: false })
    expect(state.question.steps.map((s) => s.run)).toEqual([1, 1, 2])
  })

  it('ignores what an earlier run still says', () => {
    const edited = play([...log, { id: '9-0', type: 'status', data: { status: 'running', run: 2 } }])
    const late = play([
      { id: '9-1', type: 'end', data: { status: 'cancelled', run: 1 } },
      { id: '9-2', type: 'rows', data: { run: 1 } },
      { id: '9-3', type: 'text_reset', data: { run: 1, try: 31 } },
      { id: '9-4', type: 'text', data: { run: 1, try: 31, delta: 'old' } },
    ], edited)
    expect(late.question).toEqual(edited.question)
    expect(late.partial).toBe('')
  })

  it('shows a prompt while it waits, and takes it away afterwards', () => {
    const prompt = { kind: 'clarify', text: 'Which year?' }
    const waiting = play([...log, { id: '7-0', type: 'status', data: { status: 'clarify', run: 1, prompt } }])
    expect(waiting.question.prompt).toEqual(prompt)
    expect(reduce(waiting, { id: '7-1', type: 'status', data: { status: 'running', run: 1 } }).question.prompt).toBeUndefined()
  })
})

describe('a row that the API answered', () => {
  const row = (part: Partial<Question>): LiveEvent => ({ type: 'row', data: { ...question, ...part } })

  it('counts when it is final or of a later run, and keeps the steps that lists leave out', () => {
    const state = play(log)
    expect(reduce(state, row({ status: 'cancelled' })).question).toMatchObject({ status: 'cancelled', steps: state.question.steps })
    expect(reduce(state, row({ run: 2, status: 'queued' }))).toMatchObject({ partial: '', question: { run: 2, status: 'queued' } })
  })

  it('does not bring back an earlier state', () => {
    const state = play([...log, ...end])
    expect(reduce(state, row({ status: 'running', updated_at: '2027-01-01T00:00:00Z' }))).toBe(state)
    expect(reduce(play(log), row({ status: 'queued' })).question.status).toBe('running')
  })

  it('counts over events that never came', () => {
    const state = reduce(initial(question), row({ status: 'clarify', updated_at: '2026-01-01T00:00:01Z', prompt: { kind: 'clarify', text: '?' } }))
    expect(state.question.prompt?.text).toBe('?')
  })
})

it('orders stream ids by time, then sequence', () => {
  expect(isAfter('10-0', '9-5')).toBe(true)
  expect(isAfter('9-10', '9-9')).toBe(true)
  expect(isAfter('9-9', '9-9')).toBe(false)
})
