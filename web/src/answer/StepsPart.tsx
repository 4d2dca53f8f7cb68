import { Anchor, Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { meQuery, questionQuery } from '../api/queries'
import type { Question } from '../api/types'
import { isFinal } from '../live/reducer'
import { duration } from '../parts/format'
import { runLink } from './question'
import { Steps } from './Steps'

/** The steps, shown while they happen and afterwards to those who ask for them; children stand beside the button. */
export function StepsPart({ question: q, children }: { question: Question; children: ReactNode }) {
  const { t } = useTranslation('answer')
  const me = useQuery(meQuery)
  const [opened, setOpened] = useState(false)
  const final = isFinal(q.status)
  const shown = opened || !final
  // Lists leave the steps out: they are fetched when somebody looks.
  const detail = useQuery({ ...questionQuery(q.id, q.run), enabled: final && opened && q.steps.length === 0 })
  const run = me.data && runLink(me.data.features, q)
  return (
    <div>
      <Group gap={4} justify="space-between">
        <Group gap={4}>
          {final
            ? <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setOpened(!opened)} aria-expanded={shown} data-testid="steps-button">{t(shown ? 'hideSteps' : 'showSteps')}{q.ms > 0 && ` · ${duration(q.ms)}`}</Button>
            : <Text size="xs" fw={600} px={8}>{t('steps')}</Text>}
          {shown && run && <Anchor href={run} target="_blank" rel="noreferrer" size="xs" underline="always">{t('temporal')}</Anchor>}
        </Group>
        {children}
      </Group>
      {shown && <Steps question={q} steps={q.steps.length ? q.steps : (detail.data?.steps ?? [])} />}
    </div>
  )
}
