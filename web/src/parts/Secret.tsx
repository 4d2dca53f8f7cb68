import { Alert, Button, CopyButton, Stack, Text, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'

/** A link or a key that is shown this once, with a button to copy it. */
export function Secret({ label, value, onDone, children }: { label: string; value: string; onDone: () => void; children?: string }) {
  const { t } = useTranslation()
  return (
    <Stack>
      {children && <Text size="sm">{children}</Text>}
      <TextInput label={label} value={value} readOnly onFocus={(e) => e.currentTarget.select()} styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }} data-testid="secret" />
      <Alert color="yellow" p="xs"><Text size="sm">{t('onlyOnce')}</Text></Alert>
      <CopyButton value={value} timeout={3000}>{({ copied, copy }) => <Button onClick={copy} aria-live="polite">{t(copied ? 'copied' : 'copy')}</Button>}</CopyButton>
      <Button variant="default" onClick={onDone}>{t('done')}</Button>
    </Stack>
  )
}
