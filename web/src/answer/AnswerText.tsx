import { Text } from '@mantine/core'
import type { TFunction } from 'i18next'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { NumberCheck } from '../api/types'

/** The text as text (never HTML), each number marked as proven or not. Offsets are in UTF-8 bytes. */
export function AnswerText({ text, numbers }: { text: string; numbers: NumberCheck[] }) {
  const { t } = useTranslation('answer')
  if (!text) return null
  const bytes = new TextEncoder().encode(text)
  const decode = (from: number, to: number) => new TextDecoder().decode(bytes.subarray(from, to))
  const parts: ReactNode[] = []
  let at = 0
  for (const n of [...numbers].sort((a, b) => a.start - b.start)) {
    if (n.start < at) continue
    parts.push(decode(at, n.start))
    parts.push(n.proven
      ? <span key={n.start} className="proven" title={source(t, n)}>{decode(n.start, n.end)}</span>
      : <mark key={n.start} className="unproven" title={t('number.unproven')}>{decode(n.start, n.end)}</mark>)
    at = n.end
  }
  parts.push(decode(at, bytes.length))
  const unproven = numbers.filter((n) => !n.proven).length
  return (
    <>
      <Text className="wrap" data-testid="answer-text">{parts}</Text>
      {unproven > 0 && (
        <Text size="xs" mt={4} className="warning">
          {t('number.warning', { count: unproven })}
        </Text>
      )}
    </>
  )
}

function source(t: TFunction<'answer'>, n: NumberCheck): string {
  if (n.row != null && n.column) return t('number.cell', { column: n.column, row: n.row + 1 })
  return t(n.fact ? 'number.fact' : 'number.known')
}
