import { Box, Select, Stack, Tabs, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useParams } from '@tanstack/react-router'
import type { ComponentType } from 'react'
import { useTranslation } from 'react-i18next'
import { meQuery } from '../api/queries'
import { Channels } from '../channels/Channels'
import { Audit } from './Audit'
import { Keys } from './Keys'
import { Members } from './Members'
import { Models } from './Models'
import { Organisation } from './Organisation'
import { Profile } from './Profile'
import { Sessions } from './Sessions'
import { UsagePage } from './UsagePage'
import './words'

type Name = 'profile' | 'sessions' | 'members' | 'models' | 'channels' | 'keys' | 'usage' | 'audit' | 'organisation'

/** The sections in their order; some need a permission. */
const SECTIONS: { name: Name; page: ComponentType; needs?: string }[] = [
  { name: 'profile', page: Profile },
  { name: 'sessions', page: Sessions, needs: 'sessions.manage' },
  { name: 'members', page: Members, needs: 'members.read' },
  { name: 'models', page: Models, needs: 'models.write' },
  { name: 'channels', page: Channels, needs: 'channels.manage' },
  { name: 'keys', page: Keys, needs: 'keys.manage' },
  { name: 'usage', page: UsagePage, needs: 'usage.read' },
  { name: 'audit', page: Audit, needs: 'audit.read' },
  { name: 'organisation', page: Organisation, needs: 'organisation.write' },
]

/** Everything about the person and the organisation. */
export function Settings() {
  const { t } = useTranslation('settings')
  const navigate = useNavigate()
  const { section } = useParams({ strict: false }) as { section?: string }
  const me = useQuery(meQuery)
  const shown = SECTIONS.filter((s) => !s.needs || me.data?.permissions.includes(s.needs))
  const current = shown.find((s) => s.name === section) ?? shown[0]
  const go = (name: string | null) => void navigate({ to: '/settings/{-$section}', params: { section: name ?? undefined } })
  return (
    <Stack maw={1000} mx="auto">
      <Title order={1} size="h3">{t('title')}</Title>
      <Tabs value={current?.name ?? null} onChange={go} keepMounted={false}>
        <Tabs.List mb="lg" visibleFrom="md">{shown.map((s) => <Tabs.Tab key={s.name} value={s.name} px="xs">{t(`section.${s.name}`)}</Tabs.Tab>)}</Tabs.List>
        <Box hiddenFrom="md" mb="lg">
          <Select aria-label={t('title')} data={shown.map((s) => ({ value: s.name, label: t(`section.${s.name}`) }))} value={current?.name ?? null} onChange={go} allowDeselect={false} />
        </Box>
        {shown.map(({ name, page: Page }) => <Tabs.Panel key={name} value={name} aria-label={t(`section.${name}`)}><Page /></Tabs.Panel>)}
      </Tabs>
    </Stack>
  )
}
