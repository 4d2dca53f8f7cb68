import { Alert, Button, Stack, Text, TextInput } from '@mantine/core'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'

/** A link or a key that is shown this once, with a button to copy it. */
export function Secret({ label, value, onDone, children }: { label: string; value: string; onDone: () => void; children?: string }) {
  const { t } = useTranslation()
  const field = useRef<HTMLInputElement>(null)
  const [copied, setCopied] = useState(false)
  const copy = async () => {
    field.current?.select()
    // navigator.clipboard is missing on plain-HTTP addresses other than localhost.
    const done = navigator.clipboard ? await navigator.clipboard.writeText(value).then(() => true, () => false) : document.execCommand('copy')
    setCopied(done)
  }
  return (
    <Stack>
      {children && <Text size="sm" className="wrap">{children}</Text>}
      <TextInput ref={field} label={label} value={value} readOnly onFocus={(e) => e.currentTarget.select()} styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }} data-testid="secret" />
      <Alert color="yellow" p="xs"><Text size="sm">{t('onlyOnce')}</Text></Alert>
      <Button onClick={() => void copy()} aria-live="polite">{t(copied ? 'copied' : 'copy')}</Button>
      <Button variant="default" onClick={onDone}>{t('done')}</Button>
    </Stack>
  )
}
