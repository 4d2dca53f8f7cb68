import i18n, { type TFunction } from 'i18next'
import type { Features, Question, Status, Step } from '../api/types'
import { isFinal } from '../live/reducer'

export const COLORS: Record<Status, string> = {
  queued: 'blue', running: 'blue', clarify: 'yellow', approve: 'yellow',
  answered: 'teal', failed: 'red', refused: 'orange', cancelled: 'gray', budget_exhausted: 'orange',
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
export function doing(t: TFunction<'answer'>, q: Question): string {
  const running = q.steps.findLast((s) => s.run === q.run && s.status === 'running')
  if (running) return t(`doing.${running.kind}`)
  if (lastStep(q)?.status === 'failed') return t('doing.again')
  return t(q.status === 'queued' ? 'doing.queued' : 'doing.working')
}

/** Who answers: the built-in planner, or a model by its name. */
export function plannerName(planner: string): string {
  return planner === 'builtin' || planner === 'model' || planner === 'person' ? i18n.t(`planner.${planner}`) : planner
}

/** The run in the Temporal UI, for those whom the API tells where that is. */
export function runLink({ temporal_ui_url: ui, temporal_namespace: namespace }: Features, q: Question): string | undefined {
  if (!ui || !namespace) return undefined
  const run = q.run_id && `/${q.run_id}/history`
  return `${ui.replace(/\/+$/, '')}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(q.workflow_id)}${run}`
}

/** The SQL of the first run's last plan: what a person's changes are compared with. */
export function firstSql(steps: Step[]): string | undefined {
  const output = steps.findLast((s) => s.run === 1 && s.kind === 'plan' && s.status === 'done')?.output as { sql?: unknown } | undefined
  return typeof output?.sql === 'string' && output.sql ? output.sql : undefined
}
