import type { Question, Status, Step } from '../api/types'

export const COLORS: Record<Status, string> = {
  queued: 'blue', running: 'blue', clarify: 'yellow', approve: 'yellow',
  answered: 'teal', failed: 'red', refused: 'orange', cancelled: 'gray', budget_exhausted: 'orange',
}

export const WORDS: Record<Status, string> = {
  queued: 'waiting to start', running: 'working', clarify: 'needs your reply', approve: 'needs your yes',
  answered: 'answered', failed: 'failed', refused: 'refused', cancelled: 'stopped', budget_exhausted: 'Token budget used up',
}

export const STEPS: Record<Step['kind'], { name: string; doing: string }> = {
  discover: { name: 'Read the schema', doing: 'Reading the schema…' },
  plan: { name: 'Plan the query', doing: 'Planning the query…' },
  guard: { name: 'Check the SQL', doing: 'Checking the SQL…' },
  query: { name: 'Run the query', doing: 'Running the query…' },
  analyse: { name: 'Write the answer', doing: 'Writing the answer…' },
}

/** What goes on now, in words. */
export function doing(q: Question): string {
  const running = q.steps.findLast((s) => s.run === q.run && s.status === 'running')
  if (running) return STEPS[running.kind].doing
  return q.status === 'queued' ? 'Waiting for a free worker…' : 'Working…'
}

/** Who answers: the built-in planner, or a model by its name. */
export function plannerName(planner: string): string {
  return planner === 'builtin' ? 'the built-in planner (no model)' : planner === 'model' ? 'the model' : planner
}
