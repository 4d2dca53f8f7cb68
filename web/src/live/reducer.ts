import type { Chart, NumberCheck, Prompt, Question, Status, Step } from '../api/types'

/** One frame of /questions/{id}/events. */
export interface LiveEvent {
  id?: string
  type: string
  data: unknown
}

/** What the page shows of a question: the row, moved on by events. */
export interface Live {
  question: Question
  partial: string
  try: number
  last: string
  resultReady: boolean
}

export function initial(question: Question): Live {
  return { question, partial: '', try: 0, last: '', resultReady: question.status === 'answered' }
}

/** Redis stream ids are "<ms>-<n>"; later ones are larger. */
export function isAfter(a: string, b: string): boolean {
  if (!b) return true
  const [am = 0, an = 0] = a.split('-').map(Number)
  const [bm = 0, bn = 0] = b.split('-').map(Number)
  return am > bm || (am === bm && an > bn)
}

/** Applies one event; repeated and out-of-order ones change nothing. */
export function reduce(state: Live, event: LiveEvent): Live {
  if (event.id && event.type !== 'snapshot' && !isAfter(event.id, state.last)) return state
  const last = event.id && isAfter(event.id, state.last) ? event.id : state.last
  return { ...apply(state, event), last }
}

function apply(state: Live, event: LiveEvent): Live {
  const q = state.question
  const data = (event.data ?? {}) as Record<string, unknown>
  const run = typeof data.run === 'number' ? data.run : q.run
  if (event.type === 'snapshot') {
    const question = event.data as Question
    return { ...state, question, partial: '', resultReady: question.status === 'answered' }
  }
  if (run < q.run) return state
  switch (event.type) {
    case 'status':
      return {
        ...state,
        partial: run > q.run ? '' : state.partial,
        resultReady: run > q.run ? false : state.resultReady,
        question: {
          ...q, run, status: data.status as Status,
          planner: (data.planner as string) || q.planner,
          prompt: (data.prompt as Prompt | undefined) ?? null,
          error_code: (data.error_code as string) ?? '',
          error: (data.error as string) ?? '',
        },
      }
    case 'step':
      return { ...state, question: { ...q, steps: mergeStep(q.steps ?? [], data as unknown as Step) } }
    case 'sql':
      return { ...state, question: { ...q, sql: String(data.sql), understanding: String(data.understanding ?? '') } }
    case 'text_reset':
      return { ...state, partial: '', try: Number(data.try) }
    case 'text':
      if (Number(data.try) !== state.try) return { ...state, try: Number(data.try), partial: String(data.delta) }
      return { ...state, partial: state.partial + String(data.delta) }
    case 'rows':
      return { ...state, resultReady: true }
    case 'chart':
      return { ...state, question: { ...q, chart: (data.chart as Chart | null) ?? null } }
    case 'answer':
      return { ...state, partial: '', question: { ...q, text: String(data.text), numbers: (data.numbers as NumberCheck[] | null) ?? [] } }
    case 'end':
      return { ...state, question: { ...q, status: data.status as Status, prompt: null } }
    default:
      return state
  }
}

function mergeStep(steps: Step[], step: Step): Step[] {
  const same = (s: Step) => s.run === step.run && s.kind === step.kind && s.attempt === step.attempt
  return steps.some(same) ? steps.map((s) => (same(s) ? { ...s, ...step } : s)) : [...steps, step]
}

export function isFinal(status: Status): boolean {
  return !['queued', 'running', 'clarify', 'approve'].includes(status)
}
