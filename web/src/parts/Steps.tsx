import { Text, Timeline } from '@mantine/core'
import type { Step } from '../api/types'

const NAMES: Record<string, string> = {
  discover: 'Read the schema', plan: 'Plan', guard: 'Check the SQL', query: 'Run the query', analyse: 'Write the answer',
}
const COLORS: Record<string, string> = { done: 'teal', failed: 'red', cancelled: 'gray', running: 'blue' }

/** What happened, in order: how long, how many tries, what came of it. */
export function Steps({ steps }: { steps: Step[] }) {
  return (
    <Timeline bulletSize={14} lineWidth={2} active={steps.length} mt="xs">
      {steps.map((s) => (
        <Timeline.Item key={`${s.run}-${s.kind}-${s.attempt}`} color={COLORS[s.status]}
          title={<Text size="sm" span>{NAMES[s.kind] ?? s.kind}{s.attempt > 1 && ` (attempt ${s.attempt})`}{s.run > 1 && `, run ${s.run}`}</Text>}>
          <Text size="xs" c="dimmed" className="wrap">
            {s.status}{s.status !== 'running' && ` · ${s.ms} ms`}{s.tries > 1 && ` · started ${s.tries} times`}
            {s.model && ` · ${s.model}`}{s.input_tokens ? ` · ${s.input_tokens + (s.output_tokens ?? 0)} tokens` : ''}
            {s.error ? ` · ${s.error}` : s.summary && ` · ${s.summary}`}
          </Text>
        </Timeline.Item>
      ))}
    </Timeline>
  )
}
