import { Button, PasswordInput, Skeleton, Stack, Text, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import type { InvitedTo } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { day } from '../parts/format'
import { useAct } from '../parts/useAct'
import { Frame } from './Frame'
import './words'

/** Accepts an invitation. The token is in the fragment: it never reaches a log. */
export function Invitation() {
  const { t } = useTranslation('signIn')
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? '')
  const invitation = useQuery({
    queryKey: ['invitation', token], queryFn: () => unwrap(api.POST('/api/v1/auth/invitation/check', { body: { token } })), retry: false, staleTime: Infinity,
  })
  return (
    <Frame title={t('invited.title')}>
      {invitation.isLoading && <Skeleton h={160} aria-label={t('loading', { ns: 'parts' })} />}
      {invitation.error && <Stack><ErrorNote error={invitation.error} /><Button component="a" href="/sign-in" variant="default">{t('invited.toSignIn')}</Button></Stack>}
      {invitation.data && <Accept token={token} to={invitation.data} />}
    </Frame>
  )
}

function Accept({ token, to }: { token: string; to: InvitedTo }) {
  const { t } = useTranslation('signIn')
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [name, setName] = useState('')
  const [password, setPassword] = useState('')
  const state = useQuery({ queryKey: ['auth-state'], queryFn: () => unwrap(api.GET('/api/v1/auth/state')) })
  const accept = useAct(() => unwrap(api.POST('/api/v1/auth/invitation', { body: { token, password, ...(!to.has_account && { name: name.trim() }) } })), [],
    () => { queries.clear(); void navigate({ to: '/', replace: true }) })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    accept.mutate()
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text className="wrap">{t('invited.to', { organisation: to.organisation, role: t(`role.${to.role}`, { ns: 'shell' }) })}</Text>
        <Text size="sm" c="dimmed">{t(`invited.means.${to.role}`)}</Text>
        <TextInput label={t('email')} value={to.email} readOnly autoComplete="username" />
        {!to.has_account && <TextInput label={t('invited.name')} placeholder="Grace Hopper" autoComplete="name" required maxLength={100} value={name} onChange={(e) => setName(e.target.value)} />}
        <PasswordInput label={t(to.has_account ? 'invited.yourPassword' : 'invited.newPassword')} description={t(to.has_account ? 'invited.yourPasswordHelp' : 'invited.newPasswordHelp')} required
          minLength={to.has_account ? 1 : 12} maxLength={256} autoComplete={to.has_account ? 'current-password' : 'new-password'} value={password} onChange={(e) => setPassword(e.target.value)} />
        {state.data?.signed_in && <Text size="sm">{t('invited.signedIn')}</Text>}
        <ErrorNote error={accept.error} />
        <Button type="submit" loading={accept.isPending}>{t('invited.accept')}</Button>
        <Text size="xs" c="dimmed">{t('invited.until', { day: day(to.expires_at) })}</Text>
      </Stack>
    </form>
  )
}
