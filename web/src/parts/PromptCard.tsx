import { Alert, Button, Group, Text, TextInput } from '@mantine/core'
import { useState } from 'react'
import type { Prompt } from '../api/types'

interface Props {
  prompt: Prompt
  onReply: (reply: string) => Promise<void>
  onApprove: (yes: boolean) => Promise<void>
}

/** A question back to the person. It waits durably: closing the page loses nothing. */
export function PromptCard({ prompt, onReply, onApprove }: Props) {
  const [reply, setReply] = useState('')
  return (
    <Alert color="yellow" title={prompt.kind === 'approve' ? 'Run a costly query?' : 'One question first'}>
      <Text size="sm" className="wrap" mb="sm">{prompt.text}</Text>
      {prompt.kind === 'approve' ? (
        <Group><Button size="xs" onClick={() => void onApprove(true)}>Run it</Button><Button size="xs" variant="default" onClick={() => void onApprove(false)}>Do not run it</Button></Group>
      ) : (
        <>
          <Group gap="xs" mb="xs">
            {prompt.choices?.map((choice) => <Button key={choice} size="xs" variant="light" onClick={() => void onReply(choice)}>{choice}</Button>)}
          </Group>
          <form onSubmit={(e) => { e.preventDefault(); if (reply.trim()) void onReply(reply.trim()) }}>
            <Group><TextInput aria-label="Your reply" size="xs" style={{ flex: 1 }} maxLength={2000} value={reply} onChange={(e) => setReply(e.target.value)} /><Button size="xs" type="submit">Reply</Button></Group>
          </form>
        </>
      )}
    </Alert>
  )
}
