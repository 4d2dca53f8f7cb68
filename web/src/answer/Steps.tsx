import { Text, Timeline } from '@mantine/core'
import type { Question, Step } from '../api/types'
import { duration } from '../parts/format'
import type { TFunction } from 'i18next'
import { useTranslation } from 'react-i18next'
import { locale } from '../i18n'
import { isTriedAgain } from './question'

const COLORS: Record<Step['status'], string> = { done: 'teal', failed: 'red', cancelled: 'gray', running: 'blue', waiting: 'yellow' }

/** What happened, in order: how long, how many tries, what came of it. */
export function Steps({ question, steps }: { question: Question; steps: Step[] }) {
  const { t } = useTranslation('answer')
  return (
    <Timeline bulletSize={14} lineWidth={2} active={steps.length} mt="xs" className="steps" data-testid="steps">
      {steps.map((s) => (
        <Timeline.Item key={`${s.run}-${s.kind}-${s.attempt}`} color={isTriedAgain(question, s) ? 'yellow' : COLORS[s.status]} data-step={s.kind} data-status={s.status} title={
          <Text size="sm" span>{t(`step.${s.kind}`)}{s.attempt > 1 && t('attempt', { n: s.attempt })}{s.run > 1 && t('run', { n: s.run })}</Text>
        }>
          <Text size="xs" c="dimmed" className="wrap">{details(t, s, isTriedAgain(question, s))}</Text>
        </Timeline.Item>
      ))}
    </Timeline>
  )
}

function details(t: TFunction<'answer'>, s: Step, again: boolean): string {
  const tokens = (s.input_tokens ?? 0) + (s.output_tokens ?? 0)
  return [
    t(`stepStatus.${again ? 'again' : s.status}`), s.status !== 'running' && duration(s.ms), s.tries > 1 && t('tries', { n: s.tries }),
    s.model && s.model !== 'builtin' && s.model, tokens > 0 && t('tokens', { n: tokens.toLocaleString(locale()) }), s.error || s.summary,
  ].filter(Boolean).join(' · ')
}
