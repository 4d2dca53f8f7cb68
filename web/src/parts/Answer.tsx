import { Alert, Badge, Button, Collapse, Group, Loader, Paper, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useState } from 'react'
import { call, keys } from '../api/client'
import type { Question, Result } from '../api/types'
import { isFinal } from '../live/reducer'
import { useLive } from '../live/useLive'
import { AnswerText } from './AnswerText'
import { ErrorNote } from './ErrorNote'
import { PromptCard } from './PromptCard'
import { ResultTable } from './ResultTable'
import { Sql } from './Sql'
import { Steps } from './Steps'

const ChartView = lazy(() => import('./ChartView'))

const COLORS: Record<string, string> = {
  answered: 'teal', failed: 'red', refused: 'orange', cancelled: 'gray', budget_exhausted: 'orange', clarify: 'yellow', approve: 'yellow',
}
const WORDS: Record<string, string> = {
  queued: 'waiting to start', running: 'working', clarify: 'needs your reply', approve: 'needs your yes',
  budget_exhausted: 'token budget used up', cancelled: 'stopped',
}

/** One question with everything known of its answer, live while it is worked on. */
export function Answer({ question }: { question: Question }) {
  const live = useLive(question)
  const q = live.question
  const [error, setError] = useState<Error | null>(null)
  const [stopping, setStopping] = useState(false)
  const [steps, stepsToggle] = useDisclosure(false)
  const final = isFinal(q.status)
  const result = useQuery({
    queryKey: keys.result(q.id, q.run),
    queryFn: () => call<Result>('GET', `/questions/${q.id}/result?limit=500`),
    enabled: live.resultReady,
  })

  const act = async (path: string, body?: unknown) => {
    setError(null)
    try {
      await call('POST', `/questions/${q.id}/${path}`, body ?? {})
    } catch (e) {
      setError(e as Error)
    }
  }
  const stop = async () => {
    setStopping(true)
    await act('stop')
  }

  return (
    <Paper withBorder p="lg" component="article" aria-busy={!final} data-status={q.status} data-question={q.id}>
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap" align="start">
          <Title order={2} size="h4" className="wrap">{q.question}</Title>
          <Group gap="xs" wrap="nowrap">
            <Badge color={COLORS[q.status] ?? 'blue'} variant="light">{WORDS[q.status] ?? q.status}</Badge>
            {!final && <Button size="xs" color="red" variant="light" loading={stopping} onClick={() => void stop()}>Stop</Button>}
          </Group>
        </Group>
        {q.understanding && <Text size="sm" c="dimmed" className="wrap">Understood as: {q.understanding}</Text>}
        <div aria-live="polite">
          {!final && !q.text && !live.partial && <Group gap="xs"><Loader size="xs" /><Text size="sm">{current(q)}</Text></Group>}
          <AnswerText text={q.text || live.partial} numbers={q.text ? q.numbers : null} />
        </div>
        {q.prompt && !final && <PromptCard prompt={q.prompt} onReply={(reply) => act('clarify', { reply })} onApprove={(yes) => act('approve', { yes })} />}
        {final && q.status !== 'answered' && (
          <Alert color={COLORS[q.status] ?? 'gray'} title={WORDS[q.status] ?? q.status}>
            <Text size="sm" className="wrap">{q.error || (q.status === 'cancelled' ? 'Stopped. Nothing keeps running in the database.' : '')}</Text>
            <Text size="xs" c="dimmed" mt={4}>{q.error_code && `${q.error_code} · `}question {q.id}</Text>
          </Alert>
        )}
        {result.data && q.chart && <Suspense fallback={null}><ChartView chart={q.chart} result={result.data} /></Suspense>}
        {result.data && <ResultTable result={result.data} />}
        <ErrorNote error={error ?? result.error} />
        {q.sql && <Sql sql={q.sql} editable={final || !!q.prompt} onRun={(sql) => act('edit-sql', { sql })} questionKey={q.conversation_id} />}
        <Group gap="xs">
          <Button size="compact-xs" variant="subtle" color="gray" onClick={stepsToggle.toggle} aria-expanded={steps || !final}>
            {q.steps?.length ?? 0} steps{final && q.ms ? ` · ${(q.ms / 1000).toFixed(2)} s` : ''}
          </Button>
          {q.planner && <Text size="xs" c="dimmed">answered by {q.planner === 'builtin' ? 'the built-in planner (no model)' : q.planner}</Text>}
        </Group>
        <Collapse {...{ in: steps || !final, expanded: steps || !final }}><Steps steps={q.steps ?? []} /></Collapse>
      </Stack>
    </Paper>
  )
}

function current(q: Question): string {
  const running = q.steps?.findLast((s) => s.status === 'running')
  const names: Record<string, string> = {
    discover: 'Reading the schema…', plan: 'Planning the query…', guard: 'Checking the SQL…', query: 'Running the query…', analyse: 'Writing the answer…',
  }
  return (running && names[running.kind]) ?? (q.status === 'queued' ? 'Waiting for a free worker…' : 'Working…')
}
