import { Badge, Menu, Text, UnstyledButton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { Me } from '../api/types'
import { useAct } from '../parts/useAct'
import { switchTo } from './switchTo'

/** Which organisation this is, for a person of several, and a way to the others. */
export default function Organisations({ me }: { me: Me }) {
  const { t } = useTranslation('shell')
  const move = useAct(switchTo, [])
  return (
    <Menu position="bottom-end" width={240}>
      <Menu.Target>
        <UnstyledButton aria-label={t('organisation.change', { name: me.org.name })} style={{ minWidth: 0 }} disabled={move.isPending}>
          <Badge variant="default" tt="none" maw={150} style={{ cursor: 'pointer' }} rightSection="▾">{me.org.name}</Badge>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{move.error ? move.error.message : t('organisation.label')}</Menu.Label>
        <Menu.RadioGroup value={me.org.id} onChange={(id) => { if (id !== me.org.id) move.mutate(id) }}>
          {me.organisations.map((o) => <Menu.RadioItem key={o.id} value={o.id} rightSection={<Text size="xs" c="dimmed">{t(`role.${o.role}`)}</Text>}>{o.name}</Menu.RadioItem>)}
        </Menu.RadioGroup>
      </Menu.Dropdown>
    </Menu>
  )
}
