import { describe, expect, it } from 'vitest'
import type { Question } from '../api/types'
import { initial, isAfter, reduce, type LiveEvent } from './reducer'

const question = {
  id: 'q', conversation_id: 'c', connection_id: 'd', question: 'how many orders', status: 'queued', run: 1, run_id: '',
  planner: '', sql: '', understanding: '', text: '', numbers: null, chart: null, ms: 0, created_at: '', steps: [],
} as Question

const log: LiveEvent[] = [
  { id: '1-0', type: 'status', data: { status: 'running', run: 1, planner: 'builtin' } },
  { id: '2-0', type: 'step', data: { run: 1, kind: 'plan', attempt: 1, status: 'running', ms: 0, tries: 1 } },
  { id: '2-1', type: 'step', data: { run: 1, kind: 'plan', attempt: 1, status: 'done', ms: 12, tries: 1 } },
  { id: '3-0', type: 'text_reset', data: { run: 1, try: 11 } },
  { id: '3-1', type: 'text', data: { run: 1, try: 11, delta: 'There are ' } },
  { id: '3-2', type: 'text_reset', data: { run: 1, try: 21 } },
  { id: '3-3', type: 'text', data: { run: 1, try: 21, delta: 'There are 5' } },
]

describe('reduce', () => {
  it('drops the partial text when a step is tried again', () => {
    expect(log.reduce(reduce, initial(question)).partial).toBe('There are 5')
  })

  it('is not changed by events that come twice or late', () => {
    const once = log.reduce(reduce, initial(question))
    expect(log.reduce(reduce, once)).toEqual(once)
  })

  it('keeps one entry for each step', () => {
    const steps = log.reduce(reduce, initial(question)).question.steps ?? []
    expect(steps).toHaveLength(1)
    expect(steps[0]?.status).toBe('done')
  })

  it('starts over from a snapshot', () => {
    const state = log.reduce(reduce, initial(question))
    const next = reduce(state, { id: '4-0', type: 'snapshot', data: { ...question, status: 'answered', text: 'Five.' } })
    expect(next.question.text).toBe('Five.')
    expect(next.partial).toBe('')
    expect(next.resultReady).toBe(true)
  })

  it('ignores what an earlier run still says', () => {
    const edited = reduce(initial(question), { id: '9-0', type: 'status', data: { status: 'running', run: 2 } })
    const late = reduce(edited, { id: '9-1', type: 'end', data: { status: 'cancelled', run: 1 } })
    expect(late.question.status).toBe('running')
  })

  it('orders stream ids by time, then sequence', () => {
    expect(isAfter('10-0', '9-5')).toBe(true)
    expect(isAfter('9-10', '9-9')).toBe(true)
    expect(isAfter('9-9', '9-9')).toBe(false)
  })
})
