import { UnstyledButton } from '@mantine/core'
import type { Column } from '@tanstack/react-table'
import { memo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Cell, Result } from '../api/types'
import { exact, type Format, isNumeric } from '../parts/format'
import type { Place } from './useCells'

/** The height of a row, and the width of the column of row numbers. */
export const ROW = 32
export const NUMBERS = 56

interface Props {
  cells: Cell[]
  number: number
  /** Its place among the shown rows. */
  index: number
  start: number
  columns: Column<Cell[]>[]
  /** The columns' widths, which their objects do not show a change of. */
  sizes: string
  result: Result
  formats: Format[]
  /** The first and last selected cell, as "2-4". */
  selected?: string
  /** The column of a marked cell. */
  mark?: string
  onSelect: (place: Place, extend: boolean) => void
  onOpen: (index: number) => void
}

/** A row of the table, drawn again only where it has changed: keys and scrolling draw many at once. */
export const ResultRow = memo(function ResultRow({ cells, number, index, start, columns, result, formats, selected, mark, onSelect, onOpen }: Props) {
  const { t } = useTranslation('answer')
  const [first = -1, last = -1] = selected?.split('-').map(Number) ?? []
  return (
    <tr role="row" aria-rowindex={index + 2} data-odd={index % 2 || undefined} style={{ transform: `translateY(${start}px)`, height: ROW }}>
      <th role="rowheader" style={{ width: NUMBERS }}>
        <UnstyledButton fz="xs" c="dimmed" tabIndex={-1} aria-label={t('rows.open', { n: number })} title={t('rows.open', { n: number })} onClick={() => onOpen(index)}>{number}</UnstyledButton>
      </th>
      {columns.map((column, at) => {
        const i = Number(column.id)
        const cell = cells[i] ?? null
        const { name, type } = result.columns[i] ?? { name: '', type: '' }
        return (
          <td key={column.id} role="cell" style={{ width: column.getSize() }} className={isNumeric({ name, type }) ? 'number' : undefined}
            data-selected={(at >= first && at <= last) || undefined} data-mark={mark === name || undefined}
            onMouseDown={(e) => { onSelect({ row: index, column: at }, e.shiftKey); if (e.shiftKey) e.preventDefault() }}>
            <CellText cell={cell} text={formats[i]?.(cell) ?? ''} />
          </td>
        )
      })}
    </tr>
  )
})

function CellText({ cell, text }: { cell: Cell; text: string }) {
  if (cell === null) return <span className="null">null</span>
  const whole = exact(cell)
  return <span title={whole === text && whole.length < 40 ? undefined : whole}>{text}</span>
}
