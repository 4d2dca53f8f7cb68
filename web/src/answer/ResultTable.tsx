import { ActionIcon, CloseButton, Group, Loader, Menu, Text, TextInput, UnstyledButton } from '@mantine/core'
import { IconColumns3 } from '@tabler/icons-react'
import { createColumnHelper, getCoreRowModel, getFilteredRowModel, getSortedRowModel, type Header, type SortingState, useReactTable } from '@tanstack/react-table'
import { useVirtualizer } from '@tanstack/react-virtual'
import type { TFunction } from 'i18next'
import { memo, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { Cell, Result } from '../api/types'
import { locale } from '../i18n'
import { exact, formatter, isNumeric } from '../parts/format'
import { ErrorNote } from '../parts/ErrorNote'
import { columnWidth, measure } from './columnWidth'
import { RowDetails } from './RowDetails'
import { NUMBERS, ResultRow, ROW } from './ResultRow'
import { useCells } from './useCells'
import { useRows } from './useRows'

const columnOf = createColumnHelper<Cell[]>()

/** A cell to bring into view: a number of the text came from it. */
export interface Mark { row: number; column: string }

interface Props {
  question: string
  run: number
  result: Result
  mark?: Mark | null
}

/** The rows as a table of any length. Names and cells are text, whatever they hold. */
export const ResultTable = memo(function ResultTable({ question, run, result, mark }: Props) {
  const { t } = useTranslation('answer')
  const { rows, complete, loading, error, want } = useRows(question, run, result)
  const [filter, setFilter] = useState('')
  const [sorting, setSorting] = useState<SortingState>([])
  const [opened, setOpened] = useState<number | null>(null)
  const box = useRef<HTMLDivElement>(null)
  const formats = useMemo(() => result.columns.map((c, i) => formatter(c, result.rows.map((row) => row[i] ?? null))), [result])
  const columns = useMemo(() => result.columns.map((column, i) => columnOf.accessor((row) => row[i] ?? undefined, {
    id: String(i), header: column.name, size: columnWidth(column.name, result.rows.slice(0, 200).map((r) => formats[i]?.(r[i] ?? null) ?? ''), measure), minSize: 56, maxSize: 900,
    sortUndefined: 'last', sortingFn: isNumeric(column) ? (a, b) => Number(a.original[i]) - Number(b.original[i]) : 'alphanumeric',
  })), [result, formats])
  const table = useReactTable({
    data: rows, columns, state: { globalFilter: filter, sorting }, onSortingChange: (next) => { want(); setSorting(next) },
    getCoreRowModel: getCoreRowModel(), getSortedRowModel: getSortedRowModel(), getFilteredRowModel: getFilteredRowModel(), columnResizeMode: 'onChange',
    getColumnCanGlobalFilter: () => true,
    globalFilterFn: (row, id, wanted: string) => (formats[Number(id)]?.(row.original[Number(id)] ?? null) ?? '').toLowerCase().includes(wanted.toLowerCase()),
  })
  const shown = table.getRowModel().rows
  const visible = table.getVisibleLeafColumns()
  const virtual = useVirtualizer({ count: shown.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 12 })
  const items = virtual.getVirtualItems()
  const last = items.at(-1)?.index ?? 0
  useEffect(() => { if (!complete && last >= rows.length - 100) want() })

  const cellOf = (row: number, column: number): Cell => shown[row]?.original[Number(visible[column]?.id)] ?? null
  const cells = useCells(shown.length, visible.length, ({ row, column }) => (cellOf(row, column) === null ? '' : exact(cellOf(row, column))),
    (row) => virtual.scrollToIndex(row))

  useEffect(() => {
    if (!mark) return
    setFilter('')
    setSorting([])
    virtual.scrollToIndex(mark.row, { align: 'center' })
    box.current?.scrollIntoView({ block: 'nearest', behavior: 'smooth' })
  }, [mark, virtual])

  const sizes = visible.map((column) => column.getSize()).join()
  const wide = NUMBERS + table.getTotalSize()
  return (
    <div>
      {result.row_count > 0 && (
        <Group gap="xs" mb={4} justify="space-between">
          <Text size="xs" c="dimmed" data-testid="row-count">{summary(t, result, filter ? shown.length : null)}{loading && <Loader size={10} ml={6} />}</Text>
          <Group gap={4}>
            {result.row_count > 5 && <TextInput size="xs" w={170} aria-label={t('rows.filter')} placeholder={t('rows.filter')} value={filter} onChange={(e) => { want(); setFilter(e.target.value) }}
              rightSection={filter && <CloseButton size="xs" aria-label={t('rows.clearFilter')} onClick={() => setFilter('')} />} />}
            {result.columns.length > 1 && <Columns table={table} />}
          </Group>
        </Group>
      )}
      <ErrorNote error={error} />
      <div ref={box} className="grid" tabIndex={0} role="region" aria-label={t('rows.label')} onKeyDown={(e) => {
        if (e.key === 'Enter' && cells.range) setOpened(cells.range.to.row)
        cells.onKeyDown(e)
      }} onCopy={cells.onCopy} onDoubleClick={() => cells.range && setOpened(cells.range.to.row)}>
        <table role="table" aria-rowcount={shown.length + 1} aria-colcount={visible.length} data-testid="rows" style={{ width: wide }}>
          <thead role="rowgroup">
            <tr role="row" aria-rowindex={1}>
              <th role="columnheader" style={{ width: NUMBERS }}><span className="visually-hidden">{t('rows.number')}</span></th>
              {table.getFlatHeaders().map((header) => <Heading key={header.id} header={header} numeric={isNumeric(result.columns[Number(header.id)] ?? { name: '', type: '' })} type={result.columns[Number(header.id)]?.type} />)}
            </tr>
          </thead>
          <tbody role="rowgroup" style={{ height: virtual.getTotalSize() }}>
            {items.map((item) => {
              const row = shown[item.index]
              return row && (
                <ResultRow key={row.id} cells={row.original} number={row.index + 1} index={item.index} start={item.start} columns={visible} sizes={sizes} result={result} formats={formats}
                  selected={cells.columnsOf(item.index)} mark={mark?.row === row.index ? mark.column : undefined} onSelect={cells.select} onOpen={setOpened} />
              )
            })}
          </tbody>
        </table>
      </div>
      {result.row_count === 0 && <Text size="sm" c="dimmed">{t('rows.none')}</Text>}
      {result.row_count > 0 && shown.length === 0 && <Text size="sm" c="dimmed" mt={4}>{t('rows.noMatch')}</Text>}
      <RowDetails columns={result.columns} formats={formats} row={opened === null ? null : (shown[opened]?.original ?? null)} number={opened === null ? 0 : (shown[opened]?.index ?? 0) + 1}
        onClose={() => { setOpened(null); box.current?.focus() }} onMove={(by) => setOpened((n) => Math.max(0, Math.min((n ?? 0) + by, shown.length - 1)))} />
    </div>
  )
})

function Heading({ header, numeric, type }: { header: Header<Cell[], unknown>; numeric: boolean; type?: string }) {
  const { t } = useTranslation('answer')
  const { column } = header
  const sorted = column.getIsSorted() || 'none'
  return (
    <th role="columnheader" className={numeric ? 'number' : undefined} aria-sort={ARIA[sorted]} style={{ width: header.getSize() }}>
      <UnstyledButton fz="sm" fw={600} onClick={column.getToggleSortingHandler()} title={type}>{String(column.columnDef.header)}{ARROW[sorted]}</UnstyledButton>
      <div role="separator" aria-orientation="vertical" aria-label={t('rows.resize', { name: String(column.columnDef.header) })} className="resize"
        onMouseDown={header.getResizeHandler()} onTouchStart={header.getResizeHandler()} onDoubleClick={() => column.resetSize()} />
    </th>
  )
}

function Columns({ table }: { table: ReturnType<typeof useReactTable<Cell[]>> }) {
  const { t } = useTranslation('answer')
  return (
    <Menu closeOnItemClick={false} position="bottom-end">
      <Menu.Target><ActionIcon variant="default" size={30} aria-label={t('rows.columns')} title={t('rows.columns')}><IconColumns3 size={18} /></ActionIcon></Menu.Target>
      <Menu.Dropdown mah={320} style={{ overflowY: 'auto' }}>
        {table.getAllLeafColumns().map((column) => (
          <Menu.CheckboxItem key={column.id} checked={column.getIsVisible()} onChange={() => column.toggleVisibility()}
            disabled={column.getIsVisible() && table.getVisibleLeafColumns().length === 1}>{String(column.columnDef.header)}</Menu.CheckboxItem>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}

const ARIA = { none: 'none', asc: 'ascending', desc: 'descending' } as const
const ARROW = { none: '', asc: ' ↑', desc: ' ↓' } as const

function summary(t: TFunction<'answer'>, result: Result, matching: number | null): string {
  const count = (n: number) => t('rows.count', { count: n, n: n.toLocaleString(locale()) })
  return (matching === null ? count(result.row_count) : t('rows.matching', { n: matching.toLocaleString(locale()), all: count(result.row_count) })) + (result.truncated ? t('rows.cut') : '')
}
