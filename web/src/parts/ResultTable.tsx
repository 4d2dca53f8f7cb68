import { ScrollArea, Table, Text, UnstyledButton } from '@mantine/core'
import { flexRender, getCoreRowModel, getSortedRowModel, useReactTable } from '@tanstack/react-table'
import { useMemo } from 'react'
import type { Cell, Result } from '../api/types'
import { formatCell } from './format'

const NUMERIC = new Set(['number', 'integer'])

/** The rows as a table, sortable by a click on a heading. */
export function ResultTable({ result }: { result: Result }) {
  const columns = useMemo(
    () => result.columns.map((column, i) => ({
      id: String(i),
      header: column.name,
      accessorFn: (row: Cell[]) => row[i] ?? undefined,
      sortUndefined: 'last' as const,
      cell: ({ row }: { row: { original: Cell[] } }) => formatCell(row.original[i] ?? null, column),
    })),
    [result.columns],
  )
  const table = useReactTable({ data: result.rows, columns, getCoreRowModel: getCoreRowModel(), getSortedRowModel: getSortedRowModel() })
  const kind = (i: string) => (NUMERIC.has(result.columns[Number(i)]?.type ?? '') ? 'number' : undefined)
  return (
    <div>
      <ScrollArea.Autosize mah={360} type="auto">
        <Table className="answer-table" striped highlightOnHover stickyHeader data-testid="rows">
          <Table.Thead>
            <Table.Tr>
              {table.getFlatHeaders().map((header) => (
                <Table.Th key={header.id} className={kind(header.id)} aria-sort={sortOf(header.column.getIsSorted())}>
                  <UnstyledButton fz="sm" fw={600} onClick={header.column.getToggleSortingHandler()}>
                    {flexRender(header.column.columnDef.header, header.getContext())}
                    {{ asc: ' ↑', desc: ' ↓' }[header.column.getIsSorted() as string] ?? ''}
                  </UnstyledButton>
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {table.getRowModel().rows.map((row) => (
              <Table.Tr key={row.id}>
                {row.getVisibleCells().map((cell) => (
                  <Table.Td key={cell.id} className={kind(cell.column.id)}>{flexRender(cell.column.columnDef.cell, cell.getContext())}</Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea.Autosize>
      <Text size="xs" c="dimmed" mt={4}>
        {result.row_count === 1 ? '1 row' : `${result.row_count} rows`}
        {result.rows.length < result.row_count && `, the first ${result.rows.length} shown`}
        {result.truncated && '; the result was cut at the connection’s limit'}
      </Text>
    </div>
  )
}

function sortOf(sorted: false | 'asc' | 'desc'): 'ascending' | 'descending' | 'none' {
  return sorted === 'asc' ? 'ascending' : sorted === 'desc' ? 'descending' : 'none'
}
