import { Alert, Anchor, Button, Group, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { Question } from '../api/types'
import { COLORS, WORDS } from './words'

/** How a question ended without an answer: what, why, what to do, and the id to name to an administrator. */
export function Ending({ question: q, onAgain }: { question: Question; onAgain?: () => void }) {
  const code = q.error_code || q.status
  return (
    <Alert color={COLORS[q.status]} title={TITLES[q.status]} data-testid="ending">
      {(q.error || q.status === 'cancelled') && <Text size="sm" className="wrap">{q.error || 'Nothing keeps running in the database.'}</Text>}
      {ADVICE[code] && <Text size="sm" mt={6}>{ADVICE[code]}</Text>}
      <Group mt="xs" gap="sm">
        {onAgain && q.status !== 'refused' && <Button size="xs" variant="default" onClick={onAgain}>Ask again</Button>}
        <Text size="xs" c="dimmed" className="wrap">{code} · question {q.id}</Text>
      </Group>
    </Alert>
  )
}

const TITLES: Record<string, string> = {
  failed: 'This could not be answered', refused: 'Not answered', cancelled: 'Stopped', budget_exhausted: WORDS.budget_exhausted ?? '',
}

const ADVICE: Record<string, ReactNode> = {
  guard_refused: 'Only queries that read the permitted tables run. Change the SQL below, or ask in other words.',
  not_answerable: <>Name the tables, columns or period that you mean; <Anchor component={Link} to="/connections" inherit>Connections</Anchor> shows what this database has.</>,
  sql_error: 'Edit the SQL below, or ask again naming the columns that you mean.',
  query_timeout: 'Ask for a shorter period or fewer groups, or have the connection’s time limit raised.',
  query_too_large: 'Ask for fewer columns or rows, or for a total instead of a list.',
  connection_failed: <>Press Test under <Anchor component={Link} to="/connections" inherit>Connections</Anchor>: it says what is wrong with the database.</>,
  address_refused: 'An administrator can allow this address in the configuration.',
  model_failed: 'Ask again in a moment. If it stays like this, have an administrator check the model’s settings.',
  model_busy: 'The model has too much to do. Ask again in some minutes.',
  model_reply: 'Ask again, in simpler words.',
  budget_exhausted: 'An administrator can raise the organisation’s monthly token budget.',
  unavailable: 'Ask again in a moment. If it stays like this, give the id below to an administrator.',
  internal: 'Ask again. If it happens twice, give the id below to an administrator.',
}
