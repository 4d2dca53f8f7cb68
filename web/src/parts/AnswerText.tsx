import { Text } from '@mantine/core'
import type { ReactNode } from 'react'
import type { NumberCheck } from '../api/types'

/** The text as text (never HTML), each number marked as proven or not. Offsets are in UTF-8 bytes. */
export function AnswerText({ text, numbers }: { text: string; numbers: NumberCheck[] | null }) {
  if (!text) return null
  const bytes = new TextEncoder().encode(text)
  const decode = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to))
  const parts: ReactNode[] = []
  let at = 0
  for (const n of [...(numbers ?? [])].sort((a, b) => a.start - b.start)) {
    if (n.start < at) continue
    parts.push(decode(at, n.start))
    parts.push(
      <span key={n.start} className={n.proven ? 'proven' : 'unproven'} title={source(n)}>{decode(n.start, n.end)}</span>,
    )
    at = n.end
  }
  parts.push(decode(at, bytes.length))
  return <Text className="wrap" data-testid="answer-text">{parts}</Text>
}

function source(n: NumberCheck): string {
  if (!n.proven) return 'Not found in the rows: do not rely on this number.'
  if (n.row != null && n.column) return `From the rows: ${n.column}, row ${n.row + 1}`
  return n.fact ? 'Computed from the rows' : 'Found in the rows or in the question'
}
