import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { useTranslation } from 'react-i18next'
import { questionQuery, statusQuery } from '../api/queries'
import type { Question } from '../api/types'
import type { Live } from '../live/reducer'
import { pulse, useQuiet } from '../live/quiet'
import { holdUps } from './holdUp'

const ASK_MS = 7000

interface Props {
  live: Live
  /** Whether events come. */
  connected: boolean
  take: (row: Question) => void
}

/**
 * Why nothing is heard of an open question. While it is quiet the row is read as well: events may have been lost on
 * their way.
 */
export function HoldUp({ live, connected, take }: Props) {
  const { t } = useTranslation('answer')
  const q = live.question
  const quiet = useQuiet(pulse(live)) && !q.prompt
  const asking = { enabled: quiet, refetchInterval: ASK_MS, retry: false, staleTime: 0 }
  const status = useQuery({ ...statusQuery, ...asking, staleTime: 5000 })
  const row = useQuery({ ...questionQuery(q.id, q.run), ...asking })
  useEffect(() => { if (row.data) take(row.data) }, [row.data, take])

  const words = quiet && !status.isPending ? holdUps(t, q, { faults: status.data ?? [], error: status.error, connected }) : []
  return (
    <div role="status" className={words.length ? 'hold-up' : undefined} data-testid="hold-up">
      {words.map((text) => <Text key={text} size="sm" c="dimmed" className="wrap">{text}</Text>)}
    </div>
  )
}
