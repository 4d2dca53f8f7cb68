import { Anchor, Button, Group, List, Modal, NativeSelect, Radio, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { type Dashboard, linksQuery, type Values } from '../api/dashboards'
import { meQuery } from '../api/queries'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { Secret } from '../parts/Secret'
import { useAct } from '../parts/useAct'
import { body } from './body'

const DAYS = [1, 7, 30, 90, 365]

/** Who sees a dashboard: nobody else, the organisation, or whoever has a link. */
export function ShareDialog({ dashboard: d, values, onClose }: { dashboard: Dashboard; values: Values; onClose: () => void }) {
  const { t } = useTranslation('dashboards')
  const me = useQuery(meQuery)
  const publish = !!me.data?.permissions.includes('dashboards.publish')
  const share = useAct((sharing: Dashboard['sharing']) => unwrap(api.PUT('/api/v1/dashboards/{id}', { params: { path: { id: d.id } }, body: { ...body(d), sharing } })), [['dashboard', d.id], ['dashboards']])
  return (
    <Modal opened onClose={onClose} title={t('shareDialog.title', { name: d.name })} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      <Stack>
        <Radio.Group label={t('shareDialog.who')} value={share.isPending ? share.variables : d.sharing} onChange={(value) => share.mutate(value as Dashboard['sharing'])}>
          <Stack gap="xs" mt="xs">{(['private', 'view', 'edit'] as const).map((value) => <Radio key={value} value={value} label={t(`shareDialog.${value}`)} />)}</Stack>
        </Radio.Group>
        <ErrorNote error={share.error} />
        <Title order={3} size="h5">{t('shareDialog.link')}</Title>
        {publish ? <PublicLinks dashboard={d} values={values} /> : <Text size="sm" c="dimmed">{t('shareDialog.notAllowed')}</Text>}
      </Stack>
    </Modal>
  )
}

function PublicLinks({ dashboard: d, values }: { dashboard: Dashboard; values: Values }) {
  const { t } = useTranslation('dashboards')
  const links = useQuery(linksQuery(d.id))
  const [days, setDays] = useState('30')
  const [made, setMade] = useState('')
  const key = linksQuery(d.id).queryKey
  const params = { path: { id: d.id } }
  const make = useAct(() => unwrap(api.POST('/api/v1/dashboards/{id}/links', { params, body: { expires_in_days: Number(days), values } })), [key], (link) => setMade(link.url))
  const revoke = useAct((link: string) => unwrap(api.DELETE('/api/v1/dashboards/{id}/links/{link}', { params: { path: { id: d.id, link } } })), [key])
  if (made) return <Secret label={t('shareDialog.made')} value={made} onDone={() => setMade('')} />
  return (
    <>
      <Text size="sm">{t('shareDialog.linkText')}</Text>
      <Group align="end">
        <NativeSelect label={t('shareDialog.days')} value={days} onChange={(e) => setDays(e.currentTarget.value)} data={DAYS.map((n) => ({ value: String(n), label: t('shareDialog.day', { count: n }) }))} />
        <Button variant="default" loading={make.isPending} onClick={() => make.mutate()}>{t('shareDialog.make')}</Button>
      </Group>
      <ErrorNote error={make.error ?? revoke.error ?? links.error} />
      {links.data?.length === 0 && <Text size="sm" c="dimmed">{t('shareDialog.none')}</Text>}
      {!!links.data?.length && (
        <>
          <Text size="sm" fw={600}>{t('shareDialog.open')}</Text>
          <List size="sm" listStyleType="none">
            {links.data.map((l) => (
              <List.Item key={l.id}>
                <Group gap="xs">
                  <Text size="sm">{t('shareDialog.ends', { at: moment(l.expires_at) })}{fixed(l.values) && ` · ${t('shareDialog.fixed', { values: fixed(l.values) })}`}</Text>
                  <Anchor component="button" type="button" size="sm" c="red" underline="always" onClick={() => revoke.mutate(l.id)}>{t('shareDialog.revoke')}</Anchor>
                </Group>
              </List.Item>
            ))}
          </List>
        </>
      )}
    </>
  )
}

const fixed = (values: Values) => Object.entries(values).filter(([, v]) => v !== null).map(([k, v]) => `${k} = ${Array.isArray(v) ? v.join(', ') : String(v)}`).join(', ')
