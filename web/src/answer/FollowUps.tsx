import { Button, Group } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { followUpsQuery } from '../api/queries'
import type { Question } from '../api/types'

/** Questions that follow from an answer, to click on. They are a help: where there are none, nothing is shown. */
export function FollowUps({ question: q, onAsk }: { question: Question; onAsk: (question: string) => void }) {
  const { t } = useTranslation('answer')
  const list = useQuery(followUpsQuery(q.id, q.run))
  if (!list.data?.length) return null
  return (
    <Group gap="xs" role="group" aria-label={t('followUps')}>
      {list.data.map(({ question }) => (
        <Button key={question} size="xs" variant="default" radius="xl" h="auto" py={5} onClick={() => onAsk(question)} data-testid="follow-up" styles={{ label: { whiteSpace: 'normal', textAlign: 'left' } }}>{question}</Button>
      ))}
    </Group>
  )
}
