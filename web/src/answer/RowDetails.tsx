import { Button, Drawer, Group, Stack, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Cell, Column } from '../api/types'
import { exact, type Format } from '../parts/format'

interface Props {
  columns: Column[]
  formats: Format[]
  row: Cell[] | null
  number: number
  onClose: () => void
  onMove: (by: number) => void
}

/** One row, each cell in full. */
export function RowDetails({ columns, formats, row, number, onClose, onMove }: Props) {
  const { t } = useTranslation('answer')
  return (
    <Drawer opened={row !== null} onClose={onClose} position="right" title={t('rows.details', { n: number })} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      <Group gap="xs" mb="sm">
        <Button size="compact-xs" variant="default" onClick={() => onMove(-1)}>{t('rows.previous')}</Button>
        <Button size="compact-xs" variant="default" onClick={() => onMove(1)}>{t('rows.next')}</Button>
      </Group>
      <Stack gap="xs" component="dl" m={0}>
        {columns.map((column, i) => {
          const cell = row?.[i] ?? null
          const text = formats[i]?.(cell) ?? ''
          return (
            <div key={i}>
              <Text size="xs" c="dimmed" component="dt">{column.name} · {column.type}</Text>
              <Text size="sm" component="dd" m={0} className={cell === null ? 'null' : 'wrap'}>{text}{cell !== null && exact(cell) !== text && <Text span size="xs" c="dimmed"> ({exact(cell)})</Text>}</Text>
            </div>
          )
        })}
      </Stack>
    </Drawer>
  )
}
