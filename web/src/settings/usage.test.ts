import { expect, it } from 'vitest'
import type { Usage } from '../api/types'
import { days, outcomes, people, series, total } from './usage'

const usage = (change: Partial<Usage> = {}): Usage => ({
  month: '2026-02', from: '2026-02-27', to: '2026-03-01', tokens_used: 60, token_budget: 100,
  days: [{ day: '2026-02-27', user_id: 'a', tokens: 10 }, { day: '2026-03-01', user_id: 'b', tokens: 30 }, { day: '2026-03-01', user_id: 'a', tokens: 5 }, { day: '2026-03-01', user_id: 'gone', tokens: 15 }],
  models: [{ day: '2026-02-28', model: 'm', tokens: 60, calls: 3 }],
  questions: [{ day: '2026-02-27', user_id: 'a', status: 'answered', count: 2 }, { day: '2026-03-01', user_id: 'a', status: 'failed', count: 1 }, { day: '2026-03-01', user_id: 'c', status: 'answered', count: 4 }],
  people: [{ user_id: 'a', name: 'Ada', email: 'ada@example.com' }, { user_id: 'b', name: 'Ada', email: 'b@example.com' }, { user_id: 'c', name: '', email: 'c@example.com' }],
  ...change,
})

it('counts every day of the span', () => expect(days('2026-02-27', '2026-03-01')).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']))

it('stacks by person, and tells people of the same name apart', () => {
  expect(series(usage(), 'person', 'others')).toEqual([
    { name: 'Ada (b@example.com)', values: [0, 0, 30] }, { name: 'Ada (ada@example.com)', values: [10, 0, 5] }, { name: 'others', values: [0, 0, 15] },
  ])
})

it('stacks by model', () => expect(series(usage(), 'model', 'others')).toEqual([{ name: 'm', values: [0, 60, 0] }]))

it('puts what is too much to tell apart together, and loses nothing', () => {
  const models = Array.from({ length: 20 }, (_, i) => ({ day: '2026-02-28', model: `m${i}`, tokens: i + 1, calls: 1 }))
  const all = series(usage({ models }), 'model', 'others')
  expect(all.map((s) => s.name)).toEqual(['m19', 'm18', 'm17', 'm16', 'm15', 'm14', 'm13', 'others'])
  expect(all.reduce((sum, s) => sum + total(s), 0)).toBe(210)
})

it('sums by person, those who left and those who only asked too', () => {
  expect(people(usage()).map(({ id, tokens, questions, answered }) => [id, tokens, questions, answered])).toEqual([['b', 30, 0, 0], ['a', 15, 3, 2], ['gone', 15, 0, 0], ['c', 0, 4, 4]])
  expect(outcomes(usage())).toEqual([['answered', 6], ['failed', 1]])
})
