import { Alert, Button, Group, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, unwrap } from '../api/client'
import { meQuery } from '../api/queries'
import type { Me } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'

/** Name, e-mail, password, and signing out everywhere. */
export function Profile() {
  const me = useQuery(meQuery)
  return me.data ? <ProfileForm me={me.data} /> : <ErrorNote error={me.error} />
}

function ProfileForm({ me: { user } }: { me: Me }) {
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
    <Paper withBorder p="lg" maw={520} mx="auto">
      <Title order={1} size="h3" mb="md">Profile</Title>
      {!user.has_password && (
        <Alert color="yellow" mb="md" title="Choose a password">The link that signed you in works once. With an e-mail address and a password you can sign in again.</Alert>
      )}
      <form onSubmit={(e) => void save(e)}>
        <Stack>
          <TextInput label="Name" autoComplete="name" required maxLength={100} value={name} onChange={(e) => setName(e.target.value)} />
          <TextInput label="E-mail" autoComplete="username" required maxLength={254} value={email} onChange={(e) => setEmail(e.target.value)} />
          {user.has_password && <PasswordInput label="Current password" autoComplete="current-password" required value={current} onChange={(e) => setCurrent(e.target.value)} />}
          <PasswordInput label={user.has_password ? 'New password' : 'Password'} autoComplete="new-password" required={!user.has_password} minLength={12}
            description={user.has_password ? 'At least 12 characters. Leave it empty to keep the current one.' : 'At least 12 characters.'} value={next} onChange={(e) => setNext(e.target.value)} />
          <ErrorNote error={error} />
          {saved && <Text size="sm" role="status">Saved. Your other sessions have ended.</Text>}
          <Group><Button type="submit" loading={busy}>Save</Button><Button variant="default" onClick={() => void everywhere()}>Sign out everywhere</Button></Group>
        </Stack>
      </form>
    </Paper>
  )
}
