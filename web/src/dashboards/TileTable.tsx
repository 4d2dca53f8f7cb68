import { UnstyledButton } from '@mantine/core'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Pick } from '../answer/ChartView'
import type { Result } from '../api/types'
import { formatter, isNumeric } from '../parts/format'

/** The first rows of a tile. Names and cells are text, whatever they hold. */
export function TileTable({ title, rows, picks, onPick }: { title: string; rows: Result; picks?: (column: string) => boolean; onPick?: Pick }) {
  const { t } = useTranslation('dashboards')
  const formats = useMemo(() => rows.columns.map((c, i) => formatter(c, rows.rows.map((r) => r[i] ?? null))), [rows])
  return (
    <div className="tile-table" tabIndex={0} role="region" aria-label={t('tile.rows', { title })}>
      <table data-testid="tile-rows">
        <thead><tr>{rows.columns.map((c, i) => <th key={i} scope="col" className={isNumeric(c) ? 'number' : undefined} title={c.type}>{c.name}</th>)}</tr></thead>
        <tbody>
          {rows.rows.map((row, at) => (
            <tr key={at}>
              {rows.columns.map((c, i) => {
                const cell = row[i] ?? null
                const text = formats[i]?.(cell) ?? ''
                return (
                  <td key={i} className={isNumeric(c) ? 'number' : undefined}>
                    {cell !== null && onPick && picks?.(c.name)
                      ? <UnstyledButton fz="inherit" className="pick" title={t('tile.pick', { value: text })} onClick={() => onPick(c.name, cell)}>{text}</UnstyledButton>
                      : cell === null ? <span className="null">{text}</span> : text}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
