import { Stack, Tabs, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { useTranslation } from 'react-i18next'
import { meQuery } from '../api/queries'
import { Profile } from './Profile'

/** The sections in their order; some need a permission. */
const SECTIONS: { name: 'profile'; page: ComponentType; needs?: string }[] = [
  { name: 'profile', page: Profile },
]

/** Everything about the person and the organisation. */
export function Settings() {
  const { t } = useTranslation('settings')
  const navigate = useNavigate()
  const { section } = useParams({ strict: false }) as { section?: string }
  const me = useQuery(meQuery)
  const shown = SECTIONS.filter((s) => !s.needs || me.data?.permissions.includes(s.needs))
  const current = shown.find((s) => s.name === section) ?? shown[0]
  return (
    <Stack maw={1000} mx="auto">
      <Title order={1} size="h3">{t('title')}</Title>
      <Tabs value={current?.name ?? null} onChange={(name) => void navigate({ to: '/settings/{-$section}', params: { section: name ?? undefined } })} keepMounted={false}>
        <Tabs.List mb="md">{shown.map((s) => <Tabs.Tab key={s.name} value={s.name}>{t(s.name)}</Tabs.Tab>)}</Tabs.List>
        {shown.map(({ name, page: Page }) => <Tabs.Panel key={name} value={name}><Page /></Tabs.Panel>)}
      </Tabs>
    </Stack>
  )
}
