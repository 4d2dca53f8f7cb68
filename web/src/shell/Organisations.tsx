import { Badge, Menu, UnstyledButton } from '@mantine/core'
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
        {me.organisations.map((o) => (
          <Menu.Item key={o.id} role="menuitemradio" aria-checked={o.id === me.org.id} fw={o.id === me.org.id ? 600 : undefined} closeMenuOnClick={o.id === me.org.id}
            rightSection={t(`role.${o.role}`)} onClick={() => { if (o.id !== me.org.id) move.mutate(o.id) }}>{o.name}</Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
