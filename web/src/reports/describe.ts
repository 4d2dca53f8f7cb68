import type { TFunction } from 'i18next'
import type { Report, ReportRun } from '../api/reports'
import { locale } from '../i18n'

type T = TFunction<'reports'>

/** What a run came to. One that told nobody, for want of rights or of a channel, was only kept. */
export const outcome = (run: ReportRun): Standing => (run.status === 'sent' && run.told === 0 ? 'kept' : run.status)

/** How a report stands: what its last run came to, or that it is paused. */
export type Standing = ReportRun['status'] | 'kept' | 'paused' | 'never'

export const COLORS: Record<Standing, string> = { running: 'blue', sent: 'teal', kept: 'yellow', unchanged: 'gray', failed: 'red', paused: 'gray', never: 'gray' }

export const standing = (r: Report): Standing => (r.last_run?.status === 'running' ? 'running' : r.status === 'paused' ? 'paused' : r.last_run ? outcome(r.last_run) : 'never')

/** What a report shows, in a line. */
export function showsWords(t: T, r: Report): string {
  if (r.kind === 'dashboard') return r.dashboard_id ? t('shows.dashboard', { name: r.dashboard_name || t('shows.hidden') }) : t('shows.gone')
  const [first, ...others] = r.questions
  return others.length ? t('shows.questions', { first: first?.question ?? '', count: others.length }) : (first?.question ?? '')
}

const SHOWN = 3

/** Who gets it: the first few by name. */
export function recipientWords(t: T, r: Report): string {
  const names = r.recipients.map((to) => nameOf(t, to))
  const shown = names.length > SHOWN + 1 ? [...names.slice(0, SHOWN), t('others', { count: names.length - SHOWN })] : names
  return new Intl.ListFormat(locale(), { type: 'conjunction' }).format(shown)
}

/** A recipient's name, also of one who is gone. */
export const nameOf = (t: T, to: { name: string; channel_id?: string }) => to.name || t(to.channel_id ? 'channelGone' : 'personGone')
