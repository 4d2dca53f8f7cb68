import { ActionIcon, Group, Input, Paper, Select, Stack, Text } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { conversationsQuery } from '../api/queries'
import { allSavedQuery, answersQuery, type StandingQuestion, type StandingQuestionInput } from '../api/reports'
import type { Question } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { PageLink } from '../parts/links'

export const MOST_QUESTIONS = 10

/** A standing question as it is chosen: what it says, and how the server is told of it. */
export interface Chosen { label: string; input: StandingQuestionInput }

export const ofAnswer = (q: Question): Chosen => ({ label: q.question, input: { question_id: q.id } })
export const ofStanding = (q: StandingQuestion): Chosen => ({ label: q.question, input: { id: q.id } })
const keyOf = ({ input: i }: Chosen) => i.id ?? i.question_id ?? i.saved_query_id ?? ''

interface Props { chosen: Chosen[]; onChange: (chosen: Chosen[]) => void }

/** The questions that a report asks again: answers and saved queries. */
export function QuestionsField({ chosen, onChange }: Props) {
  const { t } = useTranslation('reports')
  const queries = useQueryClient()
  const saved = useQuery(allSavedQuery)
  const conversations = useInfiniteQuery(conversationsQuery)
  const [error, setError] = useState<Error | null>(null)
  const [empty, setEmpty] = useState(false)
  const full = chosen.length >= MOST_QUESTIONS
  const nothing = saved.data?.length === 0 && conversations.data?.pages[0]?.items.length === 0
  const has = new Set(chosen.map(keyOf))
  const add = (more: Chosen[]) => onChange([...chosen, ...more.filter((q) => !has.has(keyOf(q)))].slice(0, MOST_QUESTIONS))
  const addAnswers = async (id: string) => {
    setError(null)
    try {
      const answers = await queries.fetchQuery(answersQuery(id, MOST_QUESTIONS))
      setEmpty(answers.length === 0)
      add(answers.map(ofAnswer))
    } catch (e) {
      setError(e as Error)
    }
  }
  const picker = { searchable: true, value: null, disabled: full, comboboxProps: { withinPortal: false } } as const
  return (
    <Input.Wrapper label={t('form.questions')} description={t('form.questionsHint')} labelElement="div">
      <Stack gap="xs" mt={6}>
        {chosen.length === 0 && (nothing
          ? <Text size="sm"><Trans t={t} i18nKey="form.nothingToAsk" components={{ page: <PageLink to="/" underline="always" inherit /> }} /></Text>
          : <Text size="sm" c="dimmed">{t('form.noQuestions')}</Text>)}
        {chosen.length > 0 && (
          <Stack component="ol" className="plain-list" gap={4} data-testid="standing">
            {chosen.map((q) => (
              <Paper key={keyOf(q)} component="li" withBorder px="xs" py={4}>
                <Group wrap="nowrap" justify="space-between" gap="xs">
                  <Text size="sm" className="wrap">{q.label}</Text>
                  <ActionIcon variant="subtle" color="gray" aria-label={t('form.remove', { name: q.label })} onClick={() => onChange(chosen.filter((o) => o !== q))}><IconX size={16} /></ActionIcon>
                </Group>
              </Paper>
            ))}
          </Stack>
        )}
        <Group grow preventGrowOverflow={false} wrap="wrap">
          {!!conversations.data?.pages[0]?.items.length && (
            <Select {...picker} aria-label={t('form.addAnswers')} placeholder={t('form.addAnswers')} miw={220} onChange={(id) => { if (id) void addAnswers(id) }}
              data={conversations.data.pages.flatMap((p) => p.items).map((c) => ({ value: c.id, label: c.title }))} />
          )}
          {!!saved.data?.length && (
            <Select {...picker} aria-label={t('form.addSaved')} placeholder={t('form.addSaved')} miw={220}
              data={saved.data.filter((q) => !has.has(q.id)).map((q) => ({ value: q.id, label: q.name }))}
              onChange={(id, option) => { if (id && option) add([{ label: option.label, input: { saved_query_id: id } }]) }} />
          )}
        </Group>
        {full && <Text size="xs" c="dimmed">{t('form.full')}</Text>}
        {empty && <Text size="sm" role="status">{t('form.noAnswers')}</Text>}
        <ErrorNote error={error ?? saved.error ?? conversations.error} />
      </Stack>
    </Input.Wrapper>
  )
}
