import type { Chart, NumberCheck, Prompt, Question, Status, Step } from '../api/types'

/** One frame of /questions/{id}/events; or, with type "row" and no id, a row that the API answered. */
export interface LiveEvent {
  id?: string
  type: string
  data: unknown
}

/** What the page shows of a question: the row, moved on by events. */
export interface Live {
  question: Question
  /** What the model has written so far of a text that is not checked yet. */
  partial: string
  /** The try that partial belongs to; 0 while its beginning is not known. */
  try: number
  /** The last event that counted, and the last piece of text: after a snapshot the pieces are sent again. */
  last: string
  lastText: string
}

export function initial(question: Question): Live {
  return { question, partial: '', try: 0, last: '', lastText: '' }
}

export function isFinal(status: Status): boolean {
  return !['queued', 'running', 'clarify', 'approve'].includes(status)
}

/** Redis stream ids are "<ms>-<n>"; later ones are larger. */
export function isAfter(a: string, b: string): boolean {
  if (!b) return true
  const [am = 0, an = 0] = a.split('-').map(Number)
  const [bm = 0, bn = 0] = b.split('-').map(Number)
  return am > bm || (am === bm && an > bn)
}

/** Applies one event. Repeated ones, late ones and those of an earlier run change nothing. */
export function reduce(state: Live, event: LiveEvent): Live {
  const { id = '', type } = event
  if (type === 'row') return takeRow(state, event.data as Question)
  if (type === 'snapshot') return takeSnapshot(state, event.data as Question, id)
  const isText = type === 'text' || type === 'text_reset'
  if (id && !isAfter(id, isText ? state.lastText : state.last)) return state
  const data = (event.data ?? {}) as Record<string, unknown>
  const run = typeof data.run === 'number' ? data.run : state.question.run
  const seen = isText ? { ...state, lastText: id || state.lastText } : { ...state, last: id || state.last }
  if (run < state.question.run) return seen
  return apply(run > state.question.run ? beginRun(seen, run) : seen, type, data)
}

function apply(state: Live, type: string, data: Record<string, unknown>): Live {
  const q = state.question
  const change = (part: Partial<Question>): Live => ({ ...state, question: { ...q, ...part } })
  switch (type) {
    case 'status':
      return change({
        status: data.status as Status,
        planner: (data.planner as string) || q.planner,
        prompt: data.prompt as Prompt | undefined,
        error_code: data.error_code as string | undefined,
        error: data.error as string | undefined,
      })
    case 'step':
      return change({ steps: mergeStep(q.steps, data as unknown as Step) })
    case 'sql':
      return change({ sql: String(data.sql), understanding: String(data.understanding ?? '') })
    case 'text_reset':
      return { ...state, partial: '', try: Number(data.try) }
    case 'text': // a text whose beginning is missing is better not shown
      return Number(data.try) === state.try ? { ...state, partial: state.partial + String(data.delta) } : state
    case 'rows':
      return change({ has_result: true })
    case 'chart':
      return change({ chart: (data.chart as Chart | null) ?? undefined })
    case 'answer':
      return { ...change({ text: String(data.text), numbers: (data.numbers as NumberCheck[] | null) ?? [] }), partial: '' }
    case 'end':
      return { ...change({ status: data.status as Status, prompt: undefined }), partial: '' }
    default:
      return state
  }
}

/** A person changed the SQL: what the earlier run found is gone, its steps stay. */
function beginRun(state: Live, run: number): Live {
  const question: Question = {
    ...state.question, run, status: 'running', text: '', numbers: [], facts: [], has_result: false,
    chart: undefined, prompt: undefined, error: undefined, error_code: undefined,
  }
  return { ...state, question, partial: '', try: 0 }
}

function takeSnapshot(state: Live, question: Question, id: string): Live {
  if (question.run < state.question.run) return state
  return { question, partial: '', try: 0, last: id || state.last, lastText: '' }
}

/** A row read at some moment: it counts where it is ahead of the events. Lists leave the steps out. */
function takeRow(state: Live, row: Question): Live {
  const q = state.question
  const ahead = row.run > q.run || (row.run === q.run && (isFinal(row.status) ||
    (!isFinal(q.status) && Date.parse(row.updated_at) > Date.parse(q.updated_at))))
  if (!ahead || row === q) return state
  const base = row.run > q.run ? { ...state, partial: '', try: 0 } : state
  const steps = row.steps.length ? row.steps : q.steps
  return { ...base, partial: isFinal(row.status) ? '' : base.partial, question: { ...row, steps } }
}

function mergeStep(steps: Step[], step: Step): Step[] {
  const same = (s: Step) => s.run === step.run && s.kind === step.kind && s.attempt === step.attempt
  return steps.some(same) ? steps.map((s) => (same(s) ? { ...s, error: undefined, ...step } : s)) : [...steps, step]
}
