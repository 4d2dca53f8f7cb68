import { Code, ScrollArea, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { stepQuery } from '../api/queries'
import type { Question, Step } from '../api/types'
import { locale } from '../i18n'
import { ErrorNote } from '../parts/ErrorNote'
import { duration } from '../parts/format'

/** All that a step saw and produced: the prompts as they were sent, the replies, the SQL, each try. */
export function StepDetails({ question: q, step: s }: { question: Question; step: Step }) {
  const { t } = useTranslation('answer')
  const detail = useQuery(stepQuery(q.id, s.run, s.kind, s.attempt, `${s.status}/${s.tries}`))
  if (detail.isPending) return <Skeleton h={40} mt={4} aria-label={t('loading', { ns: 'parts' })} />
  if (!detail.data) return <ErrorNote error={detail.error} onRetry={() => void detail.refetch()} />
  const { sql, calls, output } = detail.data
  const empty = !sql && calls.length === 0 && output === undefined
  return (
    <Stack gap="xs" mt={4} data-testid="step-details">
      {calls.map((c, i) => (
        <Stack gap={4} key={i}>
          <Text size="xs" fw={600}>{t('trace.call', { n: c.try, model: c.model, when: new Date(c.started_at).toLocaleTimeString(locale()), ms: duration(c.ms) })}{c.cut && ` · ${t('trace.cut')}`}</Text>
          <Piece name={t('trace.system')} text={c.system} /><Piece name={t('trace.prompt')} text={c.prompt} /><Piece name={t('trace.reply')} text={c.reply} />
          {c.error && <Text size="xs" className="warning wrap">{c.error}</Text>}
        </Stack>
      ))}
      {sql && <Piece name="SQL" text={sql} />}
      {output !== undefined && calls.length === 0 && <Piece name={t('trace.output')} text={JSON.stringify(output, null, 2)} />}
      {empty && <Text size="xs" c="dimmed">{t('trace.nothing')}</Text>}
    </Stack>
  )
}

function Piece({ name, text }: { name: string; text: string }) {
  if (!text) return null
  return (
    <details>
      <summary><Text span size="xs" c="dimmed">{name} ({text.length.toLocaleString(locale())})</Text></summary>
      <ScrollArea.Autosize mah={300} type="auto" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': name }}><Code block className="sql" fz="xs">{text}</Code></ScrollArea.Autosize>
    </details>
  )
}
