import { Badge, Button, Group, Loader, Paper, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, newKey, unwrap } from '../api/client'
import { questionQuery, resultQuery } from '../api/queries'
import type { Question } from '../api/types'
import { isFinal } from '../live/reducer'
import { useLive } from '../live/useLive'
import { lazyPart } from '../parts/lazyPage'
import { AnswerMenu } from './AnswerMenu'
import { AnswerText } from './AnswerText'
import { Ending } from './Ending'
import { ExportButton } from '../exports/ExportButton'
import { ErrorNote } from '../parts/ErrorNote'
import { Feedback } from './Feedback'
import { FollowUps } from './FollowUps'
import { HoldUp } from './HoldUp'
import { PinButton } from '../dashboards/PinButton'
import { MakeAlert } from '../alerts/MakeAlert'
import { PromptCard } from './PromptCard'
import { type Mark, ResultTable } from './ResultTable'
import { Sql } from './Sql'
import { StepsPart } from './StepsPart'
import { Understanding } from './Understanding'
import { COLORS, doing, firstSql, plannerName } from './question'
import './words'

const ChartView = lazyPart(() => import('./ChartView'))

/** How a question is asked in the same conversation. */
export type Ask = (question: string, how?: { model?: string; corrects?: string }) => void

interface Props {
  question: Question
  /** Not there where the person may only read. */
  ask?: Ask
  /** Whether it is the conversation's newest: what follows from it is offered. */
  last?: boolean
}

/** One question with everything known of its answer, live while it is worked on. */
export function Answer({ question, ask, last }: Props) {
  const { t } = useTranslation('answer')
  const [live, take, connected] = useLive(question)
  const q = live.question
  const final = isFinal(q.status)
  const [error, setError] = useState<Error | null>(null)
  const [stopping, setStopping] = useState(false)
  const [mark, setMark] = useState<Mark | null>(null)
  const result = useQuery({ ...resultQuery(q.id, q.run), enabled: q.has_result })
  // Lists leave the steps out, which tell what the SQL was at first.
  const detail = useQuery({ ...questionQuery(q.id, q.run), enabled: final && q.run > 1 })

  /** Does something to the question and shows the row that comes back. */
  const act = async (action: Promise<Question>): Promise<boolean> => {
    setError(null)
    try {
      take(await action)
      return true
    } catch (e) {
      setError(e as Error)
      return false
    }
  }
  const params = { path: { id: q.id } }
  const stop = async () => {
    setStopping(true)
    if (!(await act(unwrap(api.POST('/api/v1/questions/{id}/stop', { params }))))) setStopping(false)
  }
  const edit = (sql: string) => {
    setStopping(false)
    return act(unwrap(api.POST('/api/v1/questions/{id}/edit-sql',
      { params: { ...params, header: { 'Idempotency-Key': newKey() } }, body: { sql } })))
  }
  const reply = (text: string) => act(unwrap(api.POST('/api/v1/questions/{id}/clarify',
    { params: { ...params, header: { 'Idempotency-Key': newKey() } }, body: { reply: text } })))
  const approve = (yes: boolean) => act(unwrap(api.POST('/api/v1/questions/{id}/approve', { params, body: { yes } })))

  const first = firstSql(detail.data?.steps ?? q.steps)
  return (
    <Paper withBorder p={{ base: 'sm', sm: 'lg' }} component="article" aria-busy={!final} data-status={q.status} data-question={q.id} id={q.id}>
      <Stack gap="sm">
        <Group justify="space-between" wrap="nowrap" align="start">
          <Title order={2} size="h4" className="wrap">{q.question}</Title>
          <Group gap="xs" wrap="nowrap">
            <Badge color={COLORS[q.status]} variant="light" miw="max-content">{t(`status.${q.status}`)}</Badge>
            {final && <AnswerMenu question={q} onAgain={ask && ((text, model) => ask(text, { model }))} />}
            {!final && ask && <Button size="xs" color="red" variant="outline" loading={stopping} onClick={() => void stop()}>{t('stop')}</Button>}
          </Group>
        </Group>
        <div aria-live="polite">
          {!final && !q.prompt && !q.text && !live.partial && <Group gap="xs"><Loader size="xs" /><Text size="sm">{doing(t, q)}</Text></Group>}
          <AnswerText text={q.text || live.partial} numbers={q.text ? q.numbers : []} facts={q.facts} onCell={setMark} />
        </div>
        {q.prompt && !final && ask && <PromptCard prompt={q.prompt} onReply={reply} onApprove={approve} />}
        {final && q.status !== 'answered' && <Ending question={q} onAgain={ask && (() => ask(q.question))} />}
        {q.has_result && result.isPending && <Skeleton h={120} aria-label={t('loadingRows')} />}
        {result.data && q.chart && (
          <Suspense fallback={<Skeleton h={300} />}><ChartView chart={q.chart} result={result.data} /></Suspense>
        )}
        {result.data && <ResultTable key={q.run} question={q.id} run={q.run} result={result.data} mark={mark} />}
        <ErrorNote error={error ?? result.error} />
        <Understanding question={q} onMeant={final && ask ? (text) => ask(text) : undefined} />
        {q.sql && <Sql sql={q.sql} first={first} connection={q.connection_id} editable={!!ask && (final || !!q.prompt)} onRun={edit} />}
        <StepsPart question={q}>
          {final && <PinButton question={q} />}
          {final && q.status === 'answered' && q.has_result && <MakeAlert key={`alert ${q.run}`} source={{ question_id: q.id }} />}
          {final && q.status === 'answered' && q.sql && <ExportButton small source={() => ({ question_id: q.id })} />}
          {final && q.status === 'answered' && <Feedback key={q.run} question={q} onCorrect={ask && ((text) => ask(text, { corrects: q.id }))} />}
          {q.planner && <Text size="xs" c="dimmed" data-testid="planner">{t(q.status === 'answered' ? 'answeredBy' : 'workedOnBy', { planner: plannerName(q.planner) })}</Text>}
        </StepsPart>
        {final && last && ask && q.status === 'answered' && <FollowUps question={q} onAsk={(text) => ask(text)} />}
        {!final && <HoldUp live={live} connected={connected} take={take} />}
      </Stack>
    </Paper>
  )
}
