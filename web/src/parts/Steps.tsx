import { Text, Timeline } from '@mantine/core'
import type { Question, Step } from '../api/types'
import { duration } from './format'
import { isTriedAgain, STEPS } from './words'

const COLORS: Record<Step['status'], string> = { done: 'teal', failed: 'red', cancelled: 'gray', running: 'blue', waiting: 'yellow' }

/** What happened, in order: how long, how many tries, what came of it. */
export function Steps({ question, steps }: { question: Question; steps: Step[] }) {
  return (
    <Timeline bulletSize={14} lineWidth={2} active={steps.length} mt="xs" className="steps" data-testid="steps">
      {steps.map((s) => (
        <Timeline.Item key={`${s.run}-${s.kind}-${s.attempt}`} color={isTriedAgain(question, s) ? 'yellow' : COLORS[s.status]} data-step={s.kind} data-status={s.status} title={
          <Text size="sm" span>{STEPS[s.kind]?.name ?? s.kind}{s.attempt > 1 && `, attempt ${s.attempt}`}{s.run > 1 && `, run ${s.run}`}</Text>
        }>
          <Text size="xs" c="dimmed" className="wrap">{details(s, isTriedAgain(question, s))}</Text>
        </Timeline.Item>
      ))}
    </Timeline>
  )
}

function details(s: Step, again: boolean): string {
  const tokens = (s.input_tokens ?? 0) + (s.output_tokens ?? 0)
  return [
    again ? 'waiting to try again' : s.status, s.status !== 'running' && duration(s.ms), s.tries > 1 && `started ${s.tries} times`,
    s.model && s.model !== 'builtin' && s.model, tokens > 0 && `${tokens.toLocaleString()} tokens`, s.error || s.summary,
  ].filter(Boolean).join(' · ')
}
