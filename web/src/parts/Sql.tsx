import { Button, Code, Collapse, Group, ScrollArea, Stack, Textarea } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'

interface Props {
  sql: string
  editable: boolean
  /** Runs other SQL; false when that did not start. */
  onRun: (sql: string) => Promise<boolean>
}

/** The SQL that ran; a person may change it and run it again under the same guard. */
export function Sql({ sql, editable, onRun }: Props) {
  const [open, { toggle }] = useDisclosure(true)
  const [draft, setDraft] = useState<string | null>(null)
  const [busy, setBusy] = useState(false)
  const run = async () => {
    if (draft === null) return
    setBusy(true)
    if (await onRun(draft)) setDraft(null)
    setBusy(false)
  }
  return (
    <div>
      <Group gap={4}>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={toggle} aria-expanded={open}>{open ? 'Hide SQL' : 'Show SQL'}</Button>
        {editable && draft === null && open && <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setDraft(sql)}>Edit SQL</Button>}
      </Group>
      <Collapse expanded={open}>
        {draft === null ? (
          <ScrollArea.Autosize mah={260} type="auto" mt={4} viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': 'SQL' }}>
            <Code block data-testid="sql" className="sql">{sql}</Code>
          </ScrollArea.Autosize>
        ) : (
          <Stack gap="xs" mt={4}>
            <Textarea aria-label="SQL" autosize minRows={4} maxRows={20} maxLength={100_000} spellCheck={false} autoFocus disabled={busy}
              styles={{ input: { fontFamily: 'monospace' } }} value={draft} onChange={(e) => setDraft(e.target.value)} />
            <Group gap="xs">
              <Button size="xs" loading={busy} disabled={!draft.trim()} onClick={() => void run()}>Run</Button>
              <Button size="xs" variant="default" disabled={busy} onClick={() => setDraft(null)}>Cancel</Button>
            </Group>
          </Stack>
        )}
      </Collapse>
    </div>
  )
}
