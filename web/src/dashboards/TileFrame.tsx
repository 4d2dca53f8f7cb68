import { Group, Loader, Paper, Text, Title, Tooltip } from '@mantine/core'
import { IconAlertTriangle } from '@tabler/icons-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { locale } from '../i18n'
import { day, moment } from '../parts/format'

interface Props {
  title?: string
  kind: string
  status?: string
  ranAt?: string
  /** Something that the reader should know of the tile. */
  warning?: string
  /** What moves the tile, and what else can be done with it. */
  handle?: ReactNode
  menu?: ReactNode
  children: ReactNode
}

/** The frame of a tile: its title, how old it is, and what can be done with it. */
export function TileFrame({ title, kind, status, ranAt, warning, handle, menu, children }: Props) {
  const { t } = useTranslation('dashboards')
  const bare = kind === 'text' && !title && !handle && !menu
  return (
    <Paper withBorder component="section" className="tile" data-kind={kind} data-status={status} data-testid="tile" aria-label={t('tile.label', { title: title || t('tile.untitled') })} aria-busy={status === 'refreshing'}>
      {!bare && (
        <Group gap={4} wrap="nowrap" className="tile-head" align="start">
          {handle}
          {title ? <Title order={2} size="h6" className="tile-title" title={title}>{title}</Title> : <div className="tile-title" />}
          {warning && <Tooltip label={warning} multiline maw={280}><span role="img" aria-label={warning} className="tile-warning"><IconAlertTriangle size={16} /></span></Tooltip>}
          {status === 'refreshing' && <Loader size={14} mt={3} aria-label={t('tile.refreshing')} />}
          {ranAt && <Text size="xs" c="dimmed" className="tile-age" title={t('tile.age', { at: moment(ranAt) })} data-testid="tile-age">{age(ranAt)}</Text>}
          {menu}
        </Group>
      )}
      {children}
    </Paper>
  )
}

/** Today's times by the clock, older ones by their day. */
function age(at: string): string {
  const time = new Date(at)
  return time.toDateString() === new Date().toDateString() ? time.toLocaleTimeString(locale(), { timeStyle: 'short' }) : day(at)
}
