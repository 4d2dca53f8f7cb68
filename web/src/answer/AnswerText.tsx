import { Text, UnstyledButton } from '@mantine/core'
import type { TFunction } from 'i18next'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { Fact, NumberCheck } from '../api/types'
import type { Mark } from './ResultTable'

/** The text as text (never HTML), each number marked as proven or not. Offsets are in UTF-8 bytes. */
export function AnswerText({ text, numbers, facts, onCell }: { text: string; numbers: NumberCheck[]; facts: Fact[]; onCell: (mark: Mark) => void }) {
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
      ? <Proven key={n.start} number={n} fact={facts[n.fact_index ?? -1]} text={decode(n.start, n.end)} onCell={onCell} />
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

/** A number that came from a cell leads to it. */
function Proven({ number: n, fact, text, onCell }: { number: NumberCheck; fact?: Fact; text: string; onCell: (mark: Mark) => void }) {
  const { t } = useTranslation('answer')
  const row = n.row ?? fact?.row ?? fact?.rows?.[0]
  const column = n.column || fact?.column
  const from = fact ? `${source(t, n)}: ${fact.text}` : source(t, n)
  if (row == null || !column) return <span className="proven" title={from}>{text}</span>
  return <UnstyledButton component="button" type="button" fz="inherit" className="proven" title={from} onClick={() => onCell({ row, column })}>{text}</UnstyledButton>
}

function source(t: TFunction<'answer'>, n: NumberCheck): string {
  if (n.row != null && n.column) return t('number.cell', { column: n.column, row: n.row + 1 })
  return t(n.fact ? 'number.fact' : 'number.known')
}
