import { type ClipboardEvent, type KeyboardEvent, useCallback, useState } from 'react'

/** A cell by its place in the shown rows and columns. */
export interface Place { row: number; column: number }

interface Range { from: Place; to: Place }

/**
 * The selected cells of a table, moved as in a spreadsheet: a click, Shift and a click, arrow keys, Shift and arrow
 * keys. Copying takes them as tab-separated text.
 */
export function useCells(rows: number, columns: number, text: (place: Place) => string, show: (row: number) => void) {
  const [range, setRange] = useState<Range | null>(null)

  const select = useCallback((to: Place, extend: boolean) => setRange((r) => ({ from: extend && r ? r.from : to, to })), [])
  /** The first and last selected cell of a row, as "2-4"; undefined where none is. */
  const columnsOf = (row: number) => (range && between(row, range.from.row, range.to.row)
    ? `${Math.min(range.from.column, range.to.column)}-${Math.max(range.from.column, range.to.column)}` : undefined)

  const onKeyDown = (event: KeyboardEvent) => {
    const step = STEPS[event.key]
    if (event.key === 'Escape') setRange(null)
    if (!step || event.altKey || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    const at = range?.to ?? { row: -step.row, column: -step.column }
    const to = { row: clamp(at.row + step.row, rows), column: clamp(at.column + step.column, columns) }
    select(to, event.shiftKey)
    show(to.row)
  }
  const onCopy = (event: ClipboardEvent) => {
    if (!range || getSelection()?.toString()) return
    event.preventDefault()
    const lines: string[] = []
    for (let row = Math.min(range.from.row, range.to.row); row <= Math.max(range.from.row, range.to.row); row++) {
      const cells: string[] = []
      for (let column = Math.min(range.from.column, range.to.column); column <= Math.max(range.from.column, range.to.column); column++) {
        cells.push(text({ row, column }).replace(/[\t\n\r]+/g, ' '))
      }
      lines.push(cells.join('\t'))
    }
    event.clipboardData.setData('text/plain', lines.join('\n'))
  }
  return { range, select, columnsOf, onKeyDown, onCopy }
}

const STEPS: Record<string, Place> = {
  ArrowUp: { row: -1, column: 0 }, ArrowDown: { row: 1, column: 0 }, ArrowLeft: { row: 0, column: -1 }, ArrowRight: { row: 0, column: 1 },
  PageUp: { row: -10, column: 0 }, PageDown: { row: 10, column: 0 },
}

const between = (n: number, a: number, b: number) => n >= Math.min(a, b) && n <= Math.max(a, b)
const clamp = (n: number, count: number) => Math.max(0, Math.min(n, count - 1))
