import { Alert, Button, List, Text } from '@mantine/core'
import { Problem } from '../api/client'

/** What went wrong and what to do, with the id to give to an administrator. */
export function ErrorNote({ error, onRetry }: { error: Error | null | undefined; onRetry?: () => void }) {
  if (!error) return null
  const problem = error instanceof Problem ? error : null
  return (
    <Alert color="red" role="alert">
      <Text size="sm" className="wrap">{problem ? problem.message : 'Something went wrong on this page. Reload it and try again.'}</Text>
      {!!problem?.fields.length && <List size="sm" mt={4}>{problem.fields.map((f) => <List.Item key={f} className="wrap">{f}</List.Item>)}</List>}
      {problem && <Text size="xs" c="dimmed" mt={4} className="wrap">{problem.code}{problem.requestId && ` · request ${problem.requestId}`}</Text>}
      {onRetry && <Button size="xs" variant="default" mt="xs" onClick={onRetry}>Try again</Button>}
    </Alert>
  )
}
