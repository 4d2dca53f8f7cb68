import { ActionIcon, Menu } from '@mantine/core'
import { IconDots } from '@tabler/icons-react'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { AlertDialog, AlertMade, useMayMakeAlerts } from '../alerts/MakeAlert'
import { api, newKey, unwrap } from '../api/client'
import { type Dashboard, type Tile, tileRowsQuery, type TileState, type Values } from '../api/dashboards'
import type { Cell } from '../api/types'
import { TileBody } from './TileBody'
import { TileFrame } from './TileFrame'
import { filterOf, picked } from './values'

const FIRST = 200
const MORE = 5000

interface Props {
  dashboard: Dashboard
  tile: Tile
  state?: TileState
  values: Values
  onValues: (values: Values) => void
  onRefresh: () => void
  mayAsk: boolean
  /** In edit mode: what moves it, and its own menu. */
  handle?: ReactNode
  menu?: ReactNode
  still?: boolean
}

/** A stored tile with its rows: those from before until there are new ones. */
export function QueryTile({ dashboard, tile, state, values, onValues, onRefresh, mayAsk, handle, menu, still }: Props) {
  const { t } = useTranslation('dashboards')
  const navigate = useNavigate()
  const [limit, setLimit] = useState(FIRST)
  const mayAlert = useMayMakeAlerts()
  const [alerting, setAlerting] = useState(false)
  const [made, setMade] = useState('')
  const [failed, setFailed] = useState<Error | null>(null)
  const rows = useQuery({ ...tileRowsQuery(dashboard.id, tile.id, values, `${dashboard.version} ${state?.ran_at ?? ''}`, limit), enabled: !!state?.ran_at, placeholderData: keepPreviousData })
  const title = tile.title || t('tile.untitled')
  const picks = still ? undefined : (column: string) => !!filterOf(dashboard, tile, column)
  const onPick = (column: string, value: Cell) => {
    const filter = filterOf(dashboard, tile, column)
    if (filter) onValues(picked(filter, values, value))
  }
  const ask = async () => {
    try {
      const q = await unwrap(api.POST('/api/v1/dashboards/{id}/tiles/{tile}/question', { params: { path: { id: dashboard.id, tile: tile.id }, header: { 'Idempotency-Key': newKey() } }, body: { values } }))
      await navigate({ to: '/conversations/$id', params: { id: q.conversation_id } })
    } catch (e) {
      setFailed(e as Error)
    }
  }
  const openQuestion = async (id: string) => {
    try {
      const q = await unwrap(api.GET('/api/v1/questions/{id}', { params: { path: { id } } }))
      await navigate({ to: '/conversations/$id', params: { id: q.conversation_id }, hash: id })
    } catch (e) {
      setFailed(e as Error)
    }
  }
  const warning = dashboard.stale.includes(tile.id) ? t('tile.stale') : dashboard.outdated.includes(tile.id) ? t('tile.outdated') : undefined
  return (
    <TileFrame title={tile.title} kind={tile.kind} status={state?.status} ranAt={state?.ran_at} warning={warning} handle={handle} menu={menu ?? (
      <Menu position="bottom-end">
        <Menu.Target><ActionIcon variant="subtle" color="gray" size="sm" aria-label={t('tile.menu', { title })}><IconDots size={16} /></ActionIcon></Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={onRefresh}>{t('tile.refresh')}</Menu.Item>
          {mayAsk && <Menu.Item onClick={() => void ask()}>{t('tile.ask')}</Menu.Item>}
          {mayAlert && <Menu.Item onClick={() => setAlerting(true)}>{t('tile.alert')}</Menu.Item>}
          {mayAsk && tile.question_id && <Menu.Item onClick={() => void openQuestion(tile.question_id ?? '')}>{t('tile.question')}</Menu.Item>}
          {mayAsk && tile.saved_query_id && <Menu.Item onClick={() => void navigate({ to: '/sql', search: { saved: tile.saved_query_id } })}>{t('tile.saved')}</Menu.Item>}
        </Menu.Dropdown>
      </Menu>
    )}>
      {made && <AlertMade id={made} />}
      <AlertDialog source={{ dashboard_id: dashboard.id, tile_id: tile.id, values }} opened={alerting} onClose={() => setAlerting(false)} onMade={(id) => { setMade(id); setAlerting(false) }} />
      <TileBody title={title} rows={state?.ran_at ? rows.data : undefined} chart={rows.data?.chart} ranAt={state?.ran_at}
        failure={failed?.message ?? (state?.status === 'failed' ? state.error : rows.error?.message)} waiting={state?.status === 'refreshing' || rows.isLoading || !state}
        picks={picks} onPick={onPick} onMore={() => setLimit(MORE)} onRetry={state?.status === 'failed' ? onRefresh : undefined} />
    </TileFrame>
  )
}
