import { Badge, Button, Group, Modal, Paper, Select, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { invitationsQuery, meQuery, membersQuery } from '../api/queries'
import type { Me, Member, Role } from '../api/types'
import { Confirm } from '../parts/Confirm'
import { ErrorNote } from '../parts/ErrorNote'
import { day, moment } from '../parts/format'
import { Secret } from '../parts/Secret'
import { useAct } from '../parts/useAct'
import { Invitations } from './Invitations'
import { rolesToGive } from './roles'
import { Section } from './Section'

/** The organisation's people, and who is invited. */
export function Members() {
  const { t } = useTranslation('settings')
  const me = useQuery(meQuery)
  const list = useQuery(membersQuery)
  const owners = list.data?.filter((m) => m.role === 'owner').length ?? 0
  return (
    <>
      <Section title={t('section.members')} about={t('members.about')} loading={list.isLoading} error={list.error} onRetry={() => void list.refetch()}>
        {me.data && list.data && (
          <Paper withBorder component="ul" className="plain-list rows">
            {list.data.map((m) => <MemberRow key={m.user_id} member={m} me={me.data} lastOwner={m.role === 'owner' && owners === 1} />)}
          </Paper>
        )}
      </Section>
      {me.data && <Invitations me={me.data} members={list.data ?? []} />}
    </>
  )
}

function MemberRow({ member: m, me, lastOwner }: { member: Member; me: Me; lastOwner: boolean }) {
  const { t } = useTranslation('settings')
  const [removing, removal] = useDisclosure(false)
  const [demoting, demotion] = useDisclosure(false)
  const [own, setOwn] = useState<Role>(m.role)
  const self = m.user_id === me.user.id
  const out = m.role === 'owner' && me.role !== 'owner' // owners are for owners
  const mayWrite = me.permissions.includes('members.write')
  const params = { path: { id: m.user_id } }
  // Whoever made or had invitations may lose them with the role; one's own role is part of who one is.
  const change = useAct((role: Role) => unwrap(api.PATCH('/api/v1/members/{id}', { params, body: { role } })), [membersQuery.queryKey, invitationsQuery.queryKey, ...(self ? [meQuery.queryKey] : [])], demotion.close)
  const link = useAct(() => unwrap(api.POST('/api/v1/members/{id}/link', { params })), [])
  const remove = useAct(() => unwrap(api.DELETE('/api/v1/members/{id}', { params })), self ? [meQuery.queryKey] : [membersQuery.queryKey, invitationsQuery.queryKey], removal.close)
  const choose = (role: Role) => {
    change.reset()
    if (role === m.role) return
    if (!self) return change.mutate(role)
    setOwn(role) // is asked first: the way back needs somebody else
    demotion.open()
  }
  const locked = !mayWrite || out || lastOwner
  return (
    <li data-testid="member">
      <Group justify="space-between" gap="sm">
        <div style={{ flex: '1 1 240px', minWidth: 0 }}>
          <Group gap="xs"><Text fw={600} className="wrap">{m.name || m.email}</Text>{self && <Badge variant="default" tt="none">{t('members.you')}</Badge>}</Group>
          <Text size="sm" c="dimmed" className="wrap">{m.email} · {t('members.since', { day: day(m.created_at) })}</Text>
        </div>
        <Group gap="xs">
          <Select size="xs" w={130} aria-label={t('members.roleOf', { name: m.name || m.email })} value={change.isPending ? change.variables : m.role} disabled={locked || change.isPending} allowDeselect={false}
            data={(locked ? [m.role] : rolesToGive(me.role)).map((role) => ({ value: role, label: t(`role.${role}`, { ns: 'shell' }) }))} onChange={(v) => choose((v ?? m.role) as Role)} />
          {mayWrite && !out && !self && <Button size="xs" variant="default" loading={link.isPending} onClick={() => link.mutate()}>{t('members.link')}</Button>}
          {mayWrite && !out && !lastOwner && <Button size="xs" variant="subtle" color="red" onClick={removal.open}>{t(self ? 'members.leave' : 'members.remove')}</Button>}
        </Group>
      </Group>
      {mayWrite && (lastOwner || out) && <Text size="xs" c="dimmed">{t(out ? 'members.ownersOnly' : 'members.lastOwner')}</Text>}
      {!demoting && <ErrorNote error={change.error ?? link.error} />}
      <Modal opened={!!link.data} onClose={link.reset} title={t('members.linkTitle', { name: m.name || m.email })} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        {link.data && <Secret label={t('members.linkLabel')} value={link.data.link} onDone={link.reset}>{t('members.linkHelp', { when: moment(link.data.expires_at) })}</Secret>}
      </Modal>
      <Confirm opened={demoting} onClose={demotion.close} title={t('members.ownTitle')} action={t('members.ownAction')} onConfirm={() => change.mutate(own)} busy={change.isPending} error={change.error}>
        <Text size="sm">{t('members.ownMeans', { role: t(`role.${own}`, { ns: 'shell' }) })}</Text>
      </Confirm>
      <Confirm opened={removing} onClose={removal.close} title={self ? t('members.leaveTitle', { name: me.org.name }) : t('members.removeTitle', { name: m.name || m.email })} action={t(self ? 'members.leave' : 'members.remove')} onConfirm={() => remove.mutate()} busy={remove.isPending} error={remove.error}>
        <Text size="sm">{t(self ? 'members.leaveMeans' : 'members.removeMeans')}</Text>
      </Confirm>
    </li>
  )
}
