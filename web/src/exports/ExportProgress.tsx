import { Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { download, exportQuery, exportsQuery, isOpen } from '../api/exports'
import type { Export } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'
import { bytes, count, share } from './amounts'

/** How far an export is, and what can be done with it. */
export function ExportProgress({ export: e, onDelete, children }: { export: Export; onDelete?: () => void; children?: ReactNode }) {
  const { t } = useTranslation('exports')
  const queries = useQueryClient()
  const touched = [exportsQuery.queryKey, exportQuery(e.id).queryKey]
  const params = { path: { id: e.id } }
  const steer = useAct((what: 'pause' | 'resume' | 'cancel') => unwrap(api.POST(`/api/v1/exports/{id}/${what}`, { params })), touched)
  const fetching = useAct(() => download(e.id), touched)
  const paused = e.status === 'paused'
  const part = share(e.rows, e.estimate)
  const rows = t('rows', { count: e.rows, n: count(e.rows) })
  return (
    <Stack gap={6}>
      {(isOpen(e) || paused) && (
        <Progress value={e.status === 'queued' ? 0 : part ?? 100} striped={part === undefined} animated={e.status === 'running'} color={paused ? 'gray' : undefined} aria-label={t('progress')} />
      )}
      <Text size="sm" c="dimmed" aria-live="polite" hidden={e.rows === 0 && !isOpen(e) && e.status !== 'done'}>
        {isOpen(e) && e.estimate > 0 && e.rows < e.estimate ? t('of', { rows, all: count(e.estimate) }) : rows} · {bytes(e.bytes)}
      </Text>
      {e.status === 'done' && <Text size="sm" c="dimmed">{e.snapshots > 1 ? t('snapshots', { n: e.snapshots }) : t('snapshot')}{e.cut > 0 && ` ${t('cut', { n: count(e.cut) })}`}</Text>}
      {e.status === 'failed' && <Text size="sm" c="red" className="wrap" role="alert">{e.error} {adviceOf(t, e)}</Text>}
      {e.status === 'cancelled' && e.error && <Text size="sm" c="dimmed" className="wrap">{e.error}</Text>}
      <ErrorNote error={steer.error ?? fetching.error} />
      <Group gap="xs">
        {e.status === 'done' && <Button size="compact-sm" loading={fetching.isPending} onClick={() => fetching.mutate()}>{t('download')}</Button>}
        {isOpen(e) && <Button size="compact-sm" variant="default" loading={steer.isPending && steer.variables === 'pause'} title={e.continues === false ? t('pauseNote') : undefined} onClick={() => steer.mutate('pause')}>{t('pause')}</Button>}
        {paused && <Button size="compact-sm" loading={steer.isPending && steer.variables === 'resume'} onClick={() => steer.mutate('resume')}>{t('resume')}</Button>}
        {(isOpen(e) || paused) && <Button size="compact-sm" variant="outline" color="red" loading={steer.isPending && steer.variables === 'cancel'} onClick={() => steer.mutate('cancel')}>{t('cancel')}</Button>}
        {children}
        {onDelete && !isOpen(e) && !paused && <Button size="compact-sm" variant="subtle" color="red" onClick={() => { void queries.cancelQueries({ queryKey: exportsQuery.queryKey }); onDelete() }}>{t('delete')}</Button>}
      </Group>
    </Stack>
  )
}

/** What to do about a failure, in the person's own language. */
function adviceOf(t: ReturnType<typeof useTranslation<'exports'>>['t'], e: Export): string {
  const known = ['export_limit', 'export_format', 'guard_refused', 'sql_error', 'query_timeout', 'connection_failed', 'forbidden', 'unavailable', 'internal'] as const
  const code = known.find((c) => c === e.error_code)
  return t(`advice.${code ?? 'other'}`)
}
