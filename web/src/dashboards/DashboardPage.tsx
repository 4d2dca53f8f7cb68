import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useTranslation } from 'react-i18next'
import { dashboardQuery, type Values } from '../api/dashboards'
import { meQuery } from '../api/queries'
import { ErrorNote } from '../parts/ErrorNote'
import { Editing } from './Editing'
import { Viewing } from './Viewing'
import './words'

/** One dashboard, to look at or to change. */
export function DashboardPage() {
  const { t } = useTranslation('dashboards')
  const navigate = useNavigate()
  const { id = '' } = useParams({ strict: false }) as { id?: string }
  const { edit, values = {} } = useSearch({ strict: false }) as { edit?: boolean; values?: Values }
  const me = useQuery(meQuery)
  const dashboard = useQuery({ ...dashboardQuery(id), refetchOnWindowFocus: !edit })
  if (dashboard.error) return <ErrorNote error={dashboard.error} onRetry={() => void dashboard.refetch()} />
  if (!dashboard.data || !me.data) return <Skeleton h={400} aria-label={t('loading', { ns: 'parts' })} />
  const d = dashboard.data
  const may = (permission: string) => !!me.data?.permissions.includes(permission)
  const mayEdit = d.editable && may('dashboards.write')
  const go = (search: { edit?: boolean; values?: Values }) => void navigate({ to: '/dashboards/$id', params: { id }, search, replace: !search.edit === !edit })
  return edit && mayEdit
    ? <Editing key={d.id} stored={d} values={values} onLeave={() => go({ values })} />
    : <Viewing dashboard={d} values={values} mayEdit={mayEdit} mayWrite={may('dashboards.write')} mayAsk={may('ask')} onEdit={() => go({ values, edit: true })}
      onValues={(next) => go({ values: Object.keys(next).length ? next : undefined })} />
}
