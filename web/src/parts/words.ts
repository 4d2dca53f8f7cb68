import type { Features, Question, Status, Step } from '../api/types'
import { isFinal } from '../live/reducer'

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

/** The step that an open question is at, or was last. */
export function lastStep(q: Question): Step | undefined {
  return q.steps.findLast((s) => s.run === q.run)
}

/** Whether a step has failed and the question waits for the next try. */
export function isTriedAgain(q: Question, step: Step): boolean {
  return step.status === 'failed' && !isFinal(q.status) && step === lastStep(q)
}

/** What goes on now, in words. */
export function doing(q: Question): string {
  const running = q.steps.findLast((s) => s.run === q.run && s.status === 'running')
  if (running) return STEPS[running.kind].doing
  if (lastStep(q)?.status === 'failed') return 'Waiting to try again…'
  return q.status === 'queued' ? 'Waiting for a free worker…' : 'Working…'
}

/** Who answers: the built-in planner, or a model by its name. */
export function plannerName(planner: string): string {
  return planner === 'builtin' ? 'the built-in planner (no model)' : planner === 'model' ? 'the model' : planner
}

/** The run in the Temporal UI, for those whom the API tells where that is. */
export function runLink({ temporal_ui_url: ui, temporal_namespace: namespace }: Features, q: Question): string | undefined {
  if (!ui || !namespace) return undefined
  const run = q.run_id && `/${q.run_id}/history`
  return `${ui.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(q.workflow_id)}${run}`
}
