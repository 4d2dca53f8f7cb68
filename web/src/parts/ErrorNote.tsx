import { Alert, Button, List, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { Problem } from '../api/client'

/** What went wrong and what to do, with the id to give to an administrator. */
export function ErrorNote({ error, onRetry }: { error: Error | null | undefined; onRetry?: () => void }) {
  const { t } = useTranslation()
  if (!error) return null
  const problem = error instanceof Problem ? error : null
  return (
    <Alert color="red" role="alert">
      <Text size="sm" className="wrap">{problem ? problem.message : t('brokenPage')}</Text>
      {!!problem?.fields.length && <List size="sm" mt={4}>{problem.fields.map((f) => <List.Item key={f} className="wrap">{f}</List.Item>)}</List>}
      {problem && <Text size="xs" c="dimmed" mt={4} className="wrap">{problem.code}{problem.requestId && ` · ${t('request', { id: problem.requestId })}`}</Text>}
      {onRetry && <Button size="xs" variant="default" mt="xs" onClick={onRetry}>{t('tryAgain')}</Button>}
    </Alert>
  )
}
