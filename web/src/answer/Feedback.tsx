import { ActionIcon, Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconThumbDown, IconThumbUp } from '@tabler/icons-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import type { Question } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'

interface Props {
  question: Question
  /** Asks again with what was said to be wrong; not there for those who may not ask in the conversation. */
  onCorrect?: (question: string) => void
}

/** Thumbs. Up proposes the question as a verified one; down says what is wrong, and can be asked again with that. */
export function Feedback({ question: q, onCorrect }: Props) {
  const { t } = useTranslation('answer')
  const [given, setGiven] = useState(q.feedback)
  const [asking, modal] = useDisclosure()
  const [comment, setComment] = useState(q.feedback?.comment ?? '')
  const [busy, setBusy] = useState('')
  const [error, setError] = useState<Error | null>(null)

  const send = async (vote: 'up' | 'down', then?: () => void) => {
    setBusy(vote)
    setError(null)
    try {
      setGiven(await unwrap(api.POST('/api/v1/questions/{id}/feedback', { params: { path: { id: q.id } }, body: { vote, comment: vote === 'down' ? comment.trim() : undefined } })))
      modal.close()
      then?.()
    } catch (e) {
      setError(e as Error)
    }
    setBusy('')
  }
  const mine = given?.vote
  return (
    <>
      <Group gap={2} role="group" aria-label={t('feedback.label')}>
        <ActionIcon variant={mine === 'up' ? 'light' : 'subtle'} color={mine === 'up' ? 'teal' : 'gray'} aria-pressed={mine === 'up'} loading={busy === 'up'} aria-label={t('feedback.up')} title={t('feedback.up')} onClick={() => void send('up')}><IconThumbUp size={16} /></ActionIcon>
        <ActionIcon variant={mine === 'down' ? 'light' : 'subtle'} color={mine === 'down' ? 'orange' : 'gray'} aria-pressed={mine === 'down'} aria-label={t('feedback.down')} title={t('feedback.down')} onClick={modal.open}><IconThumbDown size={16} /></ActionIcon>
        <Text size="xs" c="dimmed" role="status">{mine === 'up' ? t('feedback.thanks') : ''}</Text>
      </Group>
      {!asking && <ErrorNote error={error} />}
      <Modal opened={asking} onClose={modal.close} title={t('feedback.title')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        <Stack>
          <Textarea label={t('feedback.what')} placeholder={t('feedback.example')} autosize minRows={2} maxLength={2000} data-autofocus value={comment} onChange={(e) => setComment(e.target.value)} />
          <ErrorNote error={error} />
          <Group>
            {onCorrect && <Button loading={busy === 'down'} disabled={!comment.trim()} onClick={() => void send('down', () => onCorrect(q.question))}>{t('feedback.again')}</Button>}
            <Button variant="default" loading={busy === 'down'} onClick={() => void send('down')}>{t('feedback.only')}</Button>
          </Group>
        </Stack>
      </Modal>
    </>
  )
}
