import { ActionIcon, Badge, Button, Group, Menu, Stack, Text, Title } from '@mantine/core'
import { useFullscreenElement } from '@mantine/hooks'
import { IconDots, IconMaximize, IconMinimize } from '@tabler/icons-react'
import { useNavigate } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import type { Dashboard, Tile, Values } from '../api/dashboards'
import { Confirm } from '../parts/Confirm'
import { ErrorNote } from '../parts/ErrorNote'
import { Markdown } from '../parts/Markdown'
import { useAct } from '../parts/useAct'
import { ReportDialog, useMayMakeReports } from '../reports/MakeReport'
import { FilterBar } from './FilterBar'
import { Grid } from './Grid'
import { HistoryDrawer } from './HistoryDrawer'
import { ImportDialog } from './ImportDialog'
import { QueryTile } from './QueryTile'
import { ShareDialog } from './ShareDialog'
import { TileFrame } from './TileFrame'
import { useTiles } from './useTiles'

interface Props {
  dashboard: Dashboard
  values: Values
  mayEdit: boolean
  mayWrite: boolean
  mayAsk: boolean
  onEdit: () => void
  onValues: (values: Values) => void
}

/** A dashboard as one looks at it. */
export function Viewing({ dashboard: d, values, mayEdit, mayWrite, mayAsk, onEdit, onValues }: Props) {
  const { t } = useTranslation('dashboards')
  const navigate = useNavigate()
  const { states, error, refreshing, refresh } = useTiles(d, values)
  const { ref, toggle, fullscreen } = useFullscreenElement()
  const [opened, setOpened] = useState<'share' | 'history' | 'delete' | 'replace' | 'report' | null>(null)
  const mayReport = useMayMakeReports()
  const close = () => setOpened(null)
  const params = { path: { id: d.id } }
  const duplicate = useAct(() => unwrap(api.POST('/api/v1/dashboards/{id}/duplicate', { params, body: { name: t('copyOf', { name: d.name }).slice(0, 200) } })), [['dashboards']],
    (copy) => void navigate({ to: '/dashboards/$id', params: { id: copy.id } }))
  const remove = useAct(() => unwrap(api.DELETE('/api/v1/dashboards/{id}', { params })), [['dashboards']], () => void navigate({ to: '/dashboards' }))
  const tiles = (d.tiles ?? []) as Tile[]
  return (
    <div ref={ref} className="dashboard" data-fullscreen={fullscreen || undefined}>
      <Stack gap="sm">
        <Group justify="space-between" align="start" gap="xs">
          <div className="dashboard-name">
            <Group gap="xs"><Title order={1} size="h3" className="wrap">{d.name}</Title>{d.sharing !== 'private' && <Badge variant="default" tt="none">{t(`sharing.${d.sharing}`)}</Badge>}</Group>
            {d.description && <Text size="sm" c="dimmed" className="wrap">{d.description}</Text>}
          </div>
          <Group gap={6}>
            <Button variant="default" size="sm" loading={refreshing} onClick={() => refresh()}>{t('refresh')}</Button>
            {mayEdit && !fullscreen && <Button variant="default" size="sm" onClick={onEdit}>{t('edit')}</Button>}
            {mayWrite && d.owned && !fullscreen && <Button variant="default" size="sm" onClick={() => setOpened('share')}>{t('share')}</Button>}
            <ActionIcon variant="default" size={36} onClick={() => void toggle()} aria-label={t(fullscreen ? 'leaveFullscreen' : 'fullscreen')} title={t(fullscreen ? 'leaveFullscreen' : 'fullscreen')}>{fullscreen ? <IconMinimize size={18} /> : <IconMaximize size={18} />}</ActionIcon>
            {!fullscreen && (
              <Menu position="bottom-end">
                <Menu.Target><ActionIcon variant="default" size={36} aria-label={t('menu.label')} title={t('menu.label')}><IconDots size={18} /></ActionIcon></Menu.Target>
                <Menu.Dropdown>
                  {mayReport && <Menu.Item onClick={() => setOpened('report')}>{t('menu.report')}</Menu.Item>}
                  <Menu.Item onClick={() => setOpened('history')}>{t('menu.history')}</Menu.Item>
                  {mayWrite && <Menu.Item onClick={() => duplicate.mutate()}>{t('menu.duplicate')}</Menu.Item>}
                  <Menu.Item component="a" href={`/api/v1/dashboards/${d.id}/export`} download>{t('menu.export')}</Menu.Item>
                  {mayEdit && <Menu.Item onClick={() => setOpened('replace')}>{t('menu.replace')}</Menu.Item>}
                  {mayWrite && d.owned && <Menu.Item color="red" onClick={() => setOpened('delete')}>{t('menu.delete')}</Menu.Item>}
                </Menu.Dropdown>
              </Menu>
            )}
          </Group>
        </Group>
        <FilterBar filters={d.filters ?? []} values={values} onValues={onValues} />
        <ErrorNote error={error ?? duplicate.error} />
        {!tiles.length && <div><Text>{t('empty')}</Text><Text size="sm" c="dimmed">{t('emptyHint')}</Text></div>}
        <Grid tiles={tiles}>
          {(tile) => (tile.kind === 'text'
            ? <TileFrame title={tile.title} kind="text"><div className="tile-text" tabIndex={0}><Markdown text={tile.text ?? ''} level={tile.title ? 3 : 2} /></div></TileFrame>
            : <QueryTile dashboard={d} tile={tile} state={states.get(tile.id)} values={values} onValues={onValues} mayAsk={mayAsk} onRefresh={() => refresh([tile.id])} />)}
        </Grid>
      </Stack>
      <ReportDialog source={{ dashboard: d, values }} title={t('menu.report')} close={t('close', { ns: 'parts' })} opened={opened === 'report'} onClose={close} />
      {opened === 'share' && <ShareDialog dashboard={d} values={values} onClose={close} />}
      {opened === 'history' && <HistoryDrawer dashboard={d} mayEdit={mayEdit} onClose={close} />}
      {opened === 'replace' && <ImportDialog replace={d} onClose={close} onDone={close} />}
      <Confirm opened={opened === 'delete'} onClose={close} title={t('deleteTitle', { name: d.name })} action={t('delete', { ns: 'parts' })} onConfirm={() => remove.mutate()} busy={remove.isPending} error={remove.error}>
        <Text size="sm">{t('deleteText')}</Text>
      </Confirm>
    </div>
  )
}
