import { Badge, Button, Group, Text, Textarea, Tooltip } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Question } from '../api/types'
import { locale } from '../i18n'

interface Props {
  question: Question
  /** Asks the question again, meant in other words; not there for those who may not. */
  onMeant?: (question: string) => void
}

/** How the question was understood, and who verified that; it can be put right here. */
export function Understanding({ question: q, onMeant }: Props) {
  const { t } = useTranslation('answer')
  const [draft, setDraft] = useState<string | null>(null)
  if (!q.understanding) return null
  const send = () => {
    if (!draft?.trim()) return
    onMeant?.(draft.trim())
    setDraft(null)
  }
  return (
    <div>
      <Group gap="xs" align="baseline">
        <Text size="sm" c="dimmed" className="wrap" style={{ flex: '0 1 auto' }}>{t('understood', { text: q.understanding })}</Text>
        {q.verified && (
          <Tooltip label={t('verified.by', { name: q.verified.by_name, when: new Date(q.verified.at).toLocaleDateString(locale(), { dateStyle: 'long' }) })} events={{ hover: true, focus: true, touch: true }}>
            <Badge color="teal" variant="light" tabIndex={0} data-testid="verified">✓ {t('verified.badge', { name: q.verified.by_name })}</Badge>
          </Tooltip>
        )}
        {onMeant && draft === null && <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setDraft(q.understanding)}>{t('meant.change')}</Button>}
      </Group>
      {draft !== null && (
        <Group gap="xs" mt={4} align="end">
          <Textarea style={{ flex: 1 }} size="sm" autosize minRows={1} maxLength={2000} autoFocus aria-label={t('meant.label')} description={t('meant.help')} value={draft} onChange={(e) => setDraft(e.target.value)} />
          <Button size="xs" disabled={!draft.trim()} onClick={send}>{t('meant.ask')}</Button>
          <Button size="xs" variant="default" onClick={() => setDraft(null)}>{t('cancel', { ns: 'parts' })}</Button>
        </Group>
      )}
    </div>
  )
}
