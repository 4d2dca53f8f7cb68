import { Button, Group, Modal, Paper, Select, Stack, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { invitationsQuery } from '../api/queries'
import type { Invitation, Me, Member, Role } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { day } from '../parts/format'
import { Secret } from '../parts/Secret'
import { useAct } from '../parts/useAct'
import { rolesToGive } from './roles'
import { Section } from './Section'

/** Who is invited and has not come yet; inviting others. */
export function Invitations({ me, members }: { me: Me; members: Member[] }) {
  const { t } = useTranslation('settings')
  const list = useQuery(invitationsQuery)
  const [inviting, { open, close }] = useDisclosure(false)
  const mayWrite = me.permissions.includes('members.write')
  return (
    <Section title={t('invitations.title')} about={t('invitations.about')} loading={list.isLoading} error={list.error} onRetry={() => void list.refetch()}
      action={mayWrite && <Button onClick={open}>{t('invitations.invite')}</Button>}>
      {list.data?.length === 0 && <Text size="sm">{t('invitations.none')}</Text>}
      {!!list.data?.length && (
        <Paper withBorder component="ul" className="plain-list rows">
          {list.data.map((i) => <Row key={i.id} invitation={i} by={members.find((m) => m.user_id === i.invited_by)?.name} mayWrite={mayWrite} />)}
        </Paper>
      )}
      <Modal opened={inviting} onClose={close} title={t('invitations.invite')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}><Invite me={me} onDone={close} /></Modal>
    </Section>
  )
}

function Row({ invitation: i, by, mayWrite }: { invitation: Invitation; by?: string; mayWrite: boolean }) {
  const { t } = useTranslation('settings')
  const revoke = useAct(() => unwrap(api.DELETE('/api/v1/invitations/{id}', { params: { path: { id: i.id } } })), [invitationsQuery.queryKey])
  return (
    <li data-testid="invitation">
      <Group justify="space-between" gap="sm">
        <div style={{ flex: '1 1 240px', minWidth: 0 }}>
          <Text fw={600} className="wrap">{i.email}</Text>
          <Text size="sm" c="dimmed" className="wrap">{t(`role.${i.role}`, { ns: 'shell' })} · {t('invitations.until', { day: day(i.expires_at) })}{by && ` · ${t('invitations.by', { name: by })}`}</Text>
        </div>
        {mayWrite && <Button size="xs" variant="subtle" color="red" loading={revoke.isPending} onClick={() => revoke.mutate()}>{t('invitations.revoke')}</Button>}
      </Group>
      <ErrorNote error={revoke.error} />
    </li>
  )
}

function Invite({ me, onDone }: { me: Me; onDone: () => void }) {
  const { t } = useTranslation('settings')
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('analyst')
  const invite = useAct(() => unwrap(api.POST('/api/v1/invitations', { body: { email: email.trim(), role } })), [invitationsQuery.queryKey])
  if (invite.data) {
    return <Secret label={t('invitations.link')} value={invite.data.link} onDone={onDone}>{t('invitations.made', { email: invite.data.email, day: day(invite.data.expires_at) })}</Secret>
  }
  return (
    <form onSubmit={(e: FormEvent) => { e.preventDefault(); invite.mutate() }}>
      <Stack>
        <TextInput type="email" label={t('email')} placeholder="grace@example.com" required maxLength={254} autoComplete="off" data-autofocus value={email} onChange={(e) => setEmail(e.target.value)} />
        <Select label={t('members.role')} description={t(`roleMeans.${role}`)} data={rolesToGive(me.role).map((value) => ({ value, label: t(`role.${value}`, { ns: 'shell' }) }))} value={role} allowDeselect={false}
          onChange={(v) => setRole((v ?? 'analyst') as Role)} comboboxProps={{ withinPortal: false }} />
        <ErrorNote error={invite.error} />
        <Button type="submit" loading={invite.isPending}>{t('invitations.make')}</Button>
      </Stack>
    </form>
  )
}
