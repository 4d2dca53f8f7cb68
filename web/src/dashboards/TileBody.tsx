import { Alert, Button, Group, Skeleton, Text } from '@mantine/core'
import { Suspense } from 'react'
import { useTranslation } from 'react-i18next'
import type { Pick } from '../answer/ChartView'
import type { TileRows } from '../api/dashboards'
import type { Result, Schemas } from '../api/types'
import { moment } from '../parts/format'
import { chartOption } from '../answer/chartOption'
import { lazyPart } from '../parts/lazyPage'
import { TileTable } from './TileTable'

const ChartView = lazyPart(() => import('../answer/ChartView'))

interface Props {
  title: string
  rows?: Result & Partial<TileRows>
  chart?: Schemas['Chart']
  /** Why it could not be read, and from when the rows are that are shown all the same. */
  failure?: string
  ranAt?: string
  /** Whether rows are on their way. */
  waiting?: boolean
  picks?: (column: string) => boolean
  onPick?: Pick
  onMore?: () => void
  onRetry?: () => void
}

/** What a query tile shows: its chart, its number or its rows, and why they are not newer. */
export function TileBody({ title, rows, chart, failure, ranAt, waiting, picks, onPick, onMore, onRetry }: Props) {
  const { t } = useTranslation('dashboards')
  const single = chart?.type === 'single_value'
  const drawn = rows && chart && (single || chart.type === 'map' || chartOption(chart, rows))
  return (
    <div className="tile-body">
      {failure && (
        <Alert color="red" p="xs" mb={4} role="status" mah="70%" style={{ overflow: 'auto', flex: 'none' }} tabIndex={0}>
          <Text size="xs" className="wrap">{failure}{rows && ranAt && ` ${t('tile.before', { at: moment(ranAt) })}`}</Text>
          {onRetry && <Button size="compact-xs" variant="default" mt={4} onClick={onRetry}>{t('tile.refresh')}</Button>}
        </Alert>
      )}
      {!rows && waiting && <Skeleton h="100%" mih={60} role="status" aria-label={t('loading', { ns: 'parts' })} />}
      {!rows && !waiting && !failure && <Text size="sm" c="dimmed">{t('tile.never')}</Text>}
      {rows && rows.row_count === 0 && <Text size="sm" c="dimmed">{t('tile.noRows')}</Text>}
      {rows && rows.row_count > 0 && (drawn && chart
        ? <div className="tile-chart" data-single={single || undefined}><Suspense fallback={<Skeleton h="100%" />}><ChartView chart={chart} result={rows} fill onPick={chart.x && picks?.(chart.x) ? onPick : undefined} /></Suspense></div>
        : <TileTable title={title} rows={rows} picks={picks} onPick={onPick} />)}
      {rows && !drawn && rows.row_count > 0 && (rows.rows.length < rows.row_count || rows.truncated) && (
        <Group gap="xs" mt={4}>
          {rows.rows.length < rows.row_count && onMore && <Button size="compact-xs" variant="default" onClick={onMore}>{t('tile.moreRows', { n: rows.row_count })}</Button>}
          {rows.truncated && <Text size="xs" c="dimmed">{t('tile.truncated')}</Text>}
        </Group>
      )}
    </div>
  )
}
