import { Button, Text, Timeline } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { TFunction } from 'i18next'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { meQuery } from '../api/queries'
import type { Question, Step } from '../api/types'
import { locale } from '../i18n'
import { duration } from '../parts/format'
import { isTriedAgain } from './question'
import { StepDetails } from './StepDetails'

const COLORS: Record<Step['status'], string> = { done: 'teal', failed: 'red', cancelled: 'gray', running: 'blue', waiting: 'yellow' }

/** What happened, in order: how long, how many tries, what came of it; for those permitted, all that a step saw. */
export function Steps({ question, steps }: { question: Question; steps: Step[] }) {
  const { t } = useTranslation('answer')
  const me = useQuery(meQuery)
  const [opened, setOpened] = useState('')
  const mayInspect = me.data?.permissions.includes('steps.inspect')
  return (
    <Timeline bulletSize={14} lineWidth={2} active={steps.length} mt="xs" className="steps" data-testid="steps">
      {steps.map((s) => {
        const key = `${s.run}-${s.kind}-${s.attempt}`
        return (
          <Timeline.Item key={key} color={isTriedAgain(question, s) ? 'yellow' : COLORS[s.status]} data-step={s.kind} data-status={s.status} title={
            <Text size="sm" span>
              {t(`step.${s.kind}`)}{s.attempt > 1 && t('attempt', { n: s.attempt })}{s.run > 1 && t('run', { n: s.run })}
              {mayInspect && <Button size="compact-xs" variant="subtle" color="gray" ml={6} aria-expanded={opened === key} aria-label={t('trace.open', { step: t(`step.${s.kind}`) })} onClick={() => setOpened(opened === key ? '' : key)}>{opened === key ? '−' : '…'}</Button>}
            </Text>
          }>
            <Text size="xs" c="dimmed" className="wrap">{details(t, s, isTriedAgain(question, s))}</Text>
            {opened === key && <StepDetails question={question} step={s} />}
          </Timeline.Item>
        )
      })}
    </Timeline>
  )
}

function details(t: TFunction<'answer'>, s: Step, again: boolean): string {
  const tokens = s.input_tokens + s.output_tokens
  return [
    t(`stepStatus.${again ? 'again' : s.status}`), s.status !== 'running' && duration(s.ms), s.tries > 1 && t('tries', { n: s.tries }),
    s.model && s.model !== 'builtin' && s.model, tokens > 0 && t('tokens', { n: tokens.toLocaleString(locale()) }), s.error || s.summary,
  ].filter(Boolean).join(' · ')
}
