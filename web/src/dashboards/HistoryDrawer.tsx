import { Badge, Button, Drawer, Group, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { type Dashboard, versionsQuery } from '../api/dashboards'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { useAct } from '../parts/useAct'

/** Earlier versions of a dashboard, each of which can be the current one again. */
export function HistoryDrawer({ dashboard: d, mayEdit, onClose }: { dashboard: Dashboard; mayEdit: boolean; onClose: () => void }) {
  const { t } = useTranslation('dashboards')
  const versions = useQuery(versionsQuery(d.id))
  const restore = useAct((version: number) => unwrap(api.POST('/api/v1/dashboards/{id}/versions/{version}/restore', { params: { path: { id: d.id, version } } })), [['dashboard', d.id], ['dashboards']], onClose)
  return (
    <Drawer opened onClose={onClose} position="right" title={t('history.title')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      <Stack gap={0}>
        <ErrorNote error={versions.error ?? restore.error} />
        {versions.isPending && <Skeleton h={200} aria-label={t('loading', { ns: 'parts' })} />}
        {versions.data?.map((v) => (
          <Group key={v.version} justify="space-between" wrap="nowrap" className="row-of-list" data-testid="version">
            <div>
              <Group gap={6}><Text size="sm" fw={600}>{t('history.version', { n: v.version })}</Text>{v.version === d.version && <Badge size="sm" variant="light">{t('history.current')}</Badge>}</Group>
              <Text size="xs" c="dimmed">{v.user_name} · {moment(v.created_at)}</Text>
              {v.note && <Text size="xs" className="wrap">{v.note}</Text>}
            </div>
            {mayEdit && v.version !== d.version && <Button size="compact-sm" variant="default" loading={restore.isPending && restore.variables === v.version} onClick={() => restore.mutate(v.version)}>{t('history.restore')}</Button>}
          </Group>
        ))}
      </Stack>
    </Drawer>
  )
}
