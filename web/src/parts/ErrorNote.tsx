import { Alert, Text } from '@mantine/core'
import { Problem } from '../api/client'

/** What went wrong and what to do, with the id to give to an administrator. */
export function ErrorNote({ error }: { error: Error | null | undefined }) {
  if (!error) return null
  const problem = error instanceof Problem ? error : null
  return (
    <Alert color="red" role="alert">
      <Text size="sm" className="wrap">{error.message}</Text>
      {problem && <Text size="xs" c="dimmed" mt={4}>{problem.code}{problem.requestId && ` · request ${problem.requestId}`}</Text>}
    </Alert>
  )
}
