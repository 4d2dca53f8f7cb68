import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { NumberCheck } from '../api/types'

/** The text as text (never HTML), each number marked as proven or not. Offsets are in UTF-8 bytes. */
export function AnswerText({ text, numbers }: { text: string; numbers: NumberCheck[] }) {
  if (!text) return null
  const bytes = new TextEncoder().encode(text)
  const decode = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to))
  const parts: ReactNode[] = []
  let at = 0
  for (const n of [...numbers].sort((a, b) => a.start - b.start)) {
    if (n.start < at) continue
    parts.push(decode(at, n.start))
    parts.push(n.proven
      ? <span key={n.start} className="proven" title={source(n)}>{decode(n.start, n.end)}</span>
      : <mark key={n.start} className="unproven" title="Not found in the rows">{decode(n.start, n.end)}</mark>)
    at = n.end
  }
  parts.push(decode(at, bytes.length))
  const unproven = numbers.filter((n) => !n.proven).length
  return (
    <>
      <Text className="wrap" data-testid="answer-text">{parts}</Text>
      {unproven > 0 && (
        <Text size="xs" mt={4} className="warning">
          {unproven === 1 ? 'The marked number is' : `The ${unproven} marked numbers are`} not in the rows: check before you rely on {unproven === 1 ? 'it' : 'them'}.
        </Text>
      )}
    </>
  )
}

function source(n: NumberCheck): string {
  if (n.row != null && n.column) return `From the rows: ${n.column}, row ${n.row + 1}`
  return n.fact ? 'Computed from the rows' : 'Found in the rows or in the question'
}
