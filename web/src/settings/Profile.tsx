import { Alert, Button, Group, Paper, PasswordInput, Select, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { meQuery } from '../api/queries'
import type { Me } from '../api/types'
import i18n from 'i18next'
import { LANGUAGES, type Language, speak } from '../i18n'
import { ErrorNote } from '../parts/ErrorNote'

/** Name, e-mail, password, and signing out everywhere. */
export function Profile() {
  const me = useQuery(meQuery)
  return me.data ? <ProfileForm me={me.data} /> : <ErrorNote error={me.error} />
}

function ProfileForm({ me: { user } }: { me: Me }) {
  const { t } = useTranslation('settings')
  const queries = useQueryClient()
  const [name, setName] = useState(user.name)
  const [email, setEmail] = useState(user.email)
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [error, setError] = useState<Error | null>(null)
  const [saved, setSaved] = useState(false)
  const [busy, setBusy] = useState(false)

  const save = async (event: FormEvent) => {
    event.preventDefault()
    setError(null)
    setSaved(false)
    setBusy(true)
    try {
      // The API asks for a password with every change: the current one serves where none is chosen.
      await unwrap(api.POST('/api/v1/auth/password', {
        body: { name: name.trim(), email: email.trim(), current_password: current || undefined, new_password: next || current },
      }))
      setSaved(true)
      setCurrent('')
      setNext('')
      await queries.invalidateQueries({ queryKey: meQuery.queryKey })
    } catch (e) {
      setError(e as Error)
    } finally {
      setBusy(false)
    }
  }
  const everywhere = async () => {
    try {
      await unwrap(api.POST('/api/v1/auth/logout-all'))
      location.assign('/sign-in')
    } catch (e) {
      setError(e as Error)
    }
  }

  return (
    <Paper withBorder p="lg" maw={520}>
      <Title order={2} size="h4" mb="md">{t('profile')}</Title>
      {!user.has_password && (
        <Alert color="yellow" mb="md" title={t('choosePassword')}>{t('whyPassword')}</Alert>
      )}
      <form onSubmit={(e) => void save(e)}>
        <Stack>
          <TextInput label={t('name')} autoComplete="name" required maxLength={100} value={name} onChange={(e) => setName(e.target.value)} />
          <TextInput label={t('email')} autoComplete="username" required maxLength={254} value={email} onChange={(e) => setEmail(e.target.value)} />
          {user.has_password && <PasswordInput label={t('currentPassword')} autoComplete="current-password" required value={current} onChange={(e) => setCurrent(e.target.value)} />}
          <PasswordInput label={t(user.has_password ? 'newPassword' : 'password')} autoComplete="new-password" required={!user.has_password} minLength={12}
            description={t(user.has_password ? 'keepEmpty' : 'atLeast')} value={next} onChange={(e) => setNext(e.target.value)} />
          <ErrorNote error={error} />
          {saved && <Text size="sm" role="status">{t('saved')}</Text>}
          <Group><Button type="submit" loading={busy}>{t('save', { ns: 'parts' })}</Button><Button variant="default" onClick={() => void everywhere()}>{t('everywhere')}</Button></Group>
          <Select label={t('language')} data={Object.entries(LANGUAGES).map(([value, label]) => ({ value, label }))} value={i18n.language} allowDeselect={false}
            onChange={(v) => void speak((v ?? 'en') as Language)} />
        </Stack>
      </form>
    </Paper>
  )
}
