import { Button, Code, Collapse, Group, Stack, Textarea } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { keys } from '../api/client'

interface Props {
  sql: string
  editable: boolean
  questionKey: string
  onRun: (sql: string) => Promise<void>
}

/** The SQL that ran; a person may change it and run it again under the same guard. */
export function Sql({ sql, editable, questionKey, onRun }: Props) {
  const queries = useQueryClient()
  const [open, { toggle }] = useDisclosure(false)
  const [draft, setDraft] = useState<string | null>(null)
  const run = async () => {
    if (draft === null) return
    await onRun(draft)
    setDraft(null)
    await queries.invalidateQueries({ queryKey: keys.questions(questionKey) })
  }
  return (
    <div>
      <Button size="compact-xs" variant="subtle" color="gray" onClick={toggle} aria-expanded={open}>SQL</Button>
      <Collapse {...{ in: open, expanded: open }}>
        {draft === null ? (
          <Stack gap="xs" mt="xs">
            <Code block data-testid="sql">{sql}</Code>
            {editable && <Button size="xs" variant="default" w="fit-content" onClick={() => setDraft(sql)}>Edit</Button>}
          </Stack>
        ) : (
          <Stack gap="xs" mt="xs">
            <Textarea aria-label="SQL" autosize minRows={4} maxRows={20} styles={{ input: { fontFamily: 'monospace' } }} value={draft} onChange={(e) => setDraft(e.target.value)} />
            <Group><Button size="xs" onClick={() => void run()}>Run</Button><Button size="xs" variant="default" onClick={() => setDraft(null)}>Cancel</Button></Group>
          </Stack>
        )}
      </Collapse>
    </div>
  )
}
