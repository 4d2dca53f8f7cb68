import type { Status, Usage } from '../api/types'

const DAY = 86_400_000

/** A day as the API writes it (UTC). */
export const isoDay = (time: number | Date) => new Date(time).toISOString().slice(0, 10)

/** Every day from the first to the last. */
export function days(from: string, to: string): string[] {
  const all: string[] = []
  for (let at = Date.parse(from); at <= Date.parse(to); at += DAY) all.push(isoDay(at))
  return all
}

export interface Series { name: string; values: number[] }

/** More than these are hard to tell apart; the rest stand together. */
const MOST = 7

/** Tokens by day, stacked by person or by model, the largest first. */
export function series(usage: Usage, by: 'person' | 'model', others: string): Series[] {
  const all = days(usage.from, usage.to)
  const at = new Map(all.map((d, i) => [d, i]))
  const sums = new Map<string, Series>()
  const names = namesOf(usage)
  const rows = by === 'person' ? usage.days.map((d) => ({ ...d, key: d.user_id, name: names.get(d.user_id) ?? others })) : usage.models.map((m) => ({ ...m, key: m.model, name: m.model }))
  for (const row of rows) {
    const i = at.get(row.day)
    if (i === undefined) continue
    const one = sums.get(row.key) ?? { name: row.name, values: all.map(() => 0) }
    one.values[i] = (one.values[i] ?? 0) + row.tokens
    sums.set(row.key, one)
  }
  const sorted = [...sums.values()].sort((a, b) => total(b) - total(a))
  if (sorted.length <= MOST + 1) return sorted
  const rest = sorted.slice(MOST)
  return [...sorted.slice(0, MOST), { name: others, values: all.map((_, i) => rest.reduce((sum, s) => sum + (s.values[i] ?? 0), 0)) }]
}

export const total = (s: Series) => s.values.reduce((sum, n) => sum + n, 0)

/** People by id; two of the same name with their addresses. */
function namesOf(usage: Usage): Map<string, string> {
  const count = new Map<string, number>()
  for (const p of usage.people) count.set(p.name, (count.get(p.name) ?? 0) + 1)
  return new Map(usage.people.map((p) => [p.user_id, !p.name ? p.email : (count.get(p.name) ?? 0) > 1 ? `${p.name} (${p.email})` : p.name]))
}

export interface Person { id: string; name?: string; tokens: number; questions: number; answered: number }

/** What each person used and asked, the largest first. Who has left has no name. */
export function people(usage: Usage): Person[] {
  const names = namesOf(usage)
  const all = new Map<string, Person>()
  const of = (id: string) => {
    const one = all.get(id) ?? { id, name: names.get(id), tokens: 0, questions: 0, answered: 0 }
    all.set(id, one)
    return one
  }
  for (const d of usage.days) of(d.user_id).tokens += d.tokens
  for (const q of usage.questions) {
    const one = of(q.user_id)
    one.questions += q.count
    if (q.status === 'answered') one.answered += q.count
  }
  return [...all.values()].sort((a, b) => b.tokens - a.tokens || b.questions - a.questions)
}

/** How questions ended, the most frequent first. */
export function outcomes(usage: Usage): [Status, number][] {
  const all = new Map<Status, number>()
  for (const q of usage.questions) all.set(q.status, (all.get(q.status) ?? 0) + q.count)
  return [...all].sort((a, b) => b[1] - a[1])
}
