import { Alert, Button, Group, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Prompt } from '../api/types'

interface Props {
  prompt: Prompt
  onReply: (reply: string) => Promise<unknown>
  onApprove: (yes: boolean) => Promise<unknown>
}

/** A question back to the person. It waits durably: closing the page loses nothing. */
export function PromptCard({ prompt, onReply, onApprove }: Props) {
  const { t } = useTranslation('answer')
  const [reply, setReply] = useState('')
  const [busy, setBusy] = useState(false)
  const send = async (action: Promise<unknown>) => {
    setBusy(true)
    await action
    setBusy(false)
  }
  return (
    <Alert color="yellow" title={t(prompt.kind === 'approve' ? 'prompt.approve' : 'prompt.clarify')} data-testid="prompt">
      <Text size="sm" className="wrap" mb="sm">{prompt.text}</Text>
      {prompt.kind === 'approve' ? (
        <Group>
          <Button size="xs" disabled={busy} onClick={() => void send(onApprove(true))}>{t('prompt.yes')}</Button>
          <Button size="xs" disabled={busy} variant="default" onClick={() => void send(onApprove(false))}>{t('prompt.no')}</Button>
        </Group>
      ) : (
        <>
          {!!prompt.choices?.length && (
            <Group gap="xs" mb="xs">
              {prompt.choices.map((choice) => (
                <Button key={choice} size="xs" variant="default" disabled={busy} onClick={() => void send(onReply(choice))}>{choice}</Button>
              ))}
            </Group>
          )}
          <form onSubmit={(e) => { e.preventDefault(); if (reply.trim()) void send(onReply(reply.trim())) }}>
            <Group gap="xs">
              <TextInput aria-label={t('prompt.reply')} placeholder={t('prompt.ownWords')} size="xs" style={{ flex: 1 }} maxLength={2000} value={reply} onChange={(e) => setReply(e.target.value)} />
              <Button size="xs" type="submit" disabled={busy || !reply.trim()}>{t('prompt.send')}</Button>
            </Group>
          </form>
        </>
      )}
    </Alert>
  )
}
