import { Button, Menu, Text } from '@mantine/core'
import { IconPin } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { dashboardsQuery } from '../api/dashboards'
import { meQuery } from '../api/queries'
import type { Question } from '../api/types'
import { PageLink } from '../parts/links'
import { useAct } from '../parts/useAct'

const MOST = 12

/** Puts an answer on a dashboard, with two clicks. */
export function PinButton({ question: q }: { question: Question }) {
  const { t } = useTranslation('answer')
  const me = useQuery(meQuery)
  const may = !!me.data?.permissions.includes('dashboards.write')
  const [opened, setOpened] = useState(false)
  const list = useInfiniteQuery({ ...dashboardsQuery('', false), enabled: opened && may })
  const pin = useAct(async (id?: string) => {
    const to = id ?? (await unwrap(api.POST('/api/v1/dashboards', { body: { name: q.question.slice(0, 200), sharing: 'private' } }))).id
    return unwrap(api.POST('/api/v1/dashboards/{id}/tiles', { params: { path: { id: to } }, body: { question_id: q.id } }))
  }, [['dashboards'], ['dashboard']])
  if (!may || q.status !== 'answered' || !q.sql) return null
  const items = (list.data?.pages.flatMap((p) => p.items) ?? []).filter((d) => d.editable).sort((a, b) => (b.viewed_at ?? '').localeCompare(a.viewed_at ?? '')).slice(0, MOST)
  return (
    <>
      <Menu position="bottom-start" opened={opened} onChange={setOpened}>
        <Menu.Target><Button size="compact-xs" variant="subtle" color="gray" leftSection={<IconPin size={14} />} loading={pin.isPending}>{t('pin.label')}</Button></Menu.Target>
        <Menu.Dropdown mah={320} style={{ overflowY: 'auto' }}>
          <Menu.Label>{t('pin.to')}</Menu.Label>
          {items.map((d) => <Menu.Item key={d.id} onClick={() => pin.mutate(d.id)}><Text size="sm" truncate maw={260}>{d.name}</Text></Menu.Item>)}
          <Menu.Divider />
          <Menu.Item onClick={() => pin.mutate(undefined)}>{t('pin.new')}</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <span role="status">
        {pin.data && <Text size="xs" component="span"><Trans t={t} i18nKey="pin.done" values={{ name: pin.data.name }} components={{ page: <PageLink to="/dashboards/$id" params={{ id: pin.data.id }} underline="always" inherit /> }} /></Text>}
        {pin.error && <Text size="xs" component="span" className="warning">{pin.error.message}</Text>}
      </span>
    </>
  )
}
