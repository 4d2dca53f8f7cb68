import { Button, Group, Textarea } from '@mantine/core'
import { newKey } from '../api/client'
import { type KeyboardEvent, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

interface Props {
  onAsk: (question: string, key: string) => Promise<void>
  disabled?: boolean
  autoFocus?: boolean
  placeholder?: string
  /** What the box holds at first. */
  initial?: string
}

/** The box to ask in. A click that is sent twice carries the same key, so it is one question. */
export function AskBox({ onAsk, disabled, autoFocus, placeholder, initial = '' }: Props) {
  const { t } = useTranslation('ask')
  const [text, setText] = useState(initial)
  const [busy, setBusy] = useState(false)
  const key = useRef(newKey())

  const send = async () => {
    const question = text.trim()
    if (!question || busy || disabled) return
    setBusy(true)
    try {
      await onAsk(question, key.current)
      setText('')
      key.current = newKey()
    } catch {
      // Shown by the page; the text stays for another try.
    } finally {
      setBusy(false)
    }
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      void send()
    }
  }
  return (
    <Group align="end" wrap="nowrap">
      <Textarea aria-label={t('box')} placeholder={placeholder ?? t('placeholder')} autosize minRows={1} maxRows={6} maxLength={4000}
        style={{ flex: 1 }} size="md" value={text} onChange={(e) => { setText(e.target.value); key.current = newKey() }} onKeyDown={onKey} autoFocus={autoFocus} />
      <Button size="md" onClick={() => void send()} loading={busy} disabled={disabled || !text.trim()}>{t('ask')}</Button>
    </Group>
  )
}
