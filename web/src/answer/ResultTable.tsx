import { Button, Group, ScrollArea, Table, Text, UnstyledButton } from '@mantine/core'
import { createColumnHelper, flexRender, getCoreRowModel, getSortedRowModel, useReactTable } from '@tanstack/react-table'
import type { TFunction } from 'i18next'
import { useMemo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { locale } from '../i18n'
import type { Cell, Result } from '../api/types'
import { exact, formatter, isNumeric } from '../parts/format'

const PAGE = 50
const columnOf = createColumnHelper<Cell[]>()

/** The rows as a table, sortable by a click on a heading. Names and cells are text, whatever they hold. */
export function ResultTable({ result }: { result: Result }) {
  const { t } = useTranslation('answer')
  const [shown, setShown] = useState(PAGE)
  const columns = useMemo(() => result.columns.map((column, i) => {
    const format = formatter(column, result.rows.map((row) => row[i] ?? null))
    return columnOf.accessor((row) => row[i] ?? undefined, {
      id: String(i),
      header: () => column.name,
      cell: ({ row }) => <CellText cell={row.original[i] ?? null} text={format(row.original[i] ?? null)} />,
      sortUndefined: 'last',
      sortingFn: isNumeric(column) ? (a, b) => Number(a.original[i]) - Number(b.original[i]) : 'alphanumeric',
    })
  }), [result])
  const table = useReactTable({ data: result.rows, columns, getCoreRowModel: getCoreRowModel(), getSortedRowModel: getSortedRowModel() })
  const align = (id: string) => {
    const column = result.columns[Number(id)]
    return column && isNumeric(column) ? 'number' : undefined
  }
  const rows = table.getRowModel().rows
  return (
    <div>
      <ScrollArea.Autosize mah={340} type="auto" offsetScrollbars="present" viewportProps={{ tabIndex: 0, role: 'region', 'aria-label': t('rows.label') }}>
        <Table className="answer-table" striped highlightOnHover stickyHeader verticalSpacing={6} data-testid="rows">
          <Table.Thead>
            <Table.Tr>
              {table.getFlatHeaders().map(({ id, column, getContext }) => (
                <Table.Th key={id} className={align(id)} aria-sort={ARIA[column.getIsSorted() || 'none']}>
                  <UnstyledButton fz="sm" fw={600} onClick={column.getToggleSortingHandler()} title={result.columns[Number(id)]?.type}>
                    {flexRender(column.columnDef.header, getContext())}{ARROW[column.getIsSorted() || 'none']}
                  </UnstyledButton>
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.slice(0, shown).map((row) => (
              <Table.Tr key={row.id}>
                {row.getVisibleCells().map((cell) => (
                  <Table.Td key={cell.id} className={align(cell.column.id)}>{flexRender(cell.column.columnDef.cell, cell.getContext())}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      <Group gap="xs" mt={4}>
        <Text size="xs" c="dimmed">{summary(t, result, Math.min(shown, rows.length))}</Text>
        {shown < rows.length && <Button size="compact-xs" variant="subtle" onClick={() => setShown(shown + 4 * PAGE)}>{t('rows.more')}</Button>}
      </Group>
    </div>
  )
}

const ARIA = { none: 'none', asc: 'ascending', desc: 'descending' } as const
const ARROW = { none: '', asc: ' ↑', desc: ' ↓' } as const

function CellText({ cell, text }: { cell: Cell; text: string }) {
  if (cell === null) return <span className="null">null</span>
  const whole = exact(cell)
  return <span title={whole === text && whole.length < 40 ? undefined : whole}>{text}</span>
}

function summary(t: TFunction<'answer'>, result: Result, shown: number): string {
  if (result.row_count === 0) return t('rows.none')
  return t('rows.count', { count: result.row_count, n: result.row_count.toLocaleString(locale()) }) +
    (shown < result.row_count ? t('rows.shown', { n: shown.toLocaleString(locale()) }) : '') + (result.truncated ? t('rows.cut') : '')
}
