import { Button, Group, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { call, keys } from '../api/client'
import type { Me } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'

/** Name, password, and signing out everywhere. */
export function Profile() {
  const queries = useQueryClient()
  const me = useQuery({ queryKey: keys.me, queryFn: () => call<Me>('GET', '/auth/me') })
  const [name, setName] = useState('')
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const [error, setError] = useState<Error | null>(null)
  const [saved, setSaved] = useState(false)
  if (!me.data) return null

  const save = async (event: FormEvent) => {
    event.preventDefault()
    setError(null)
    setSaved(false)
    try {
      await call('POST', '/auth/password', { name: name || me.data.user.name, current_password: current, new_password: next })
      setSaved(true)
      setCurrent('')
      setNext('')
      await queries.invalidateQueries({ queryKey: keys.me })
    } catch (e) {
      setError(e as Error)
    }
  }
  const everywhere = async () => {
    await call('POST', '/auth/logout-all').catch((e: Error) => setError(e))
    location.assign('/sign-in')
  }

  return (
    <Paper withBorder p="lg" maw={520}>
      <Title order={1} size="h3" mb="md">Profile</Title>
      <form onSubmit={(e) => void save(e)}>
        <Stack>
          <TextInput label="Name" placeholder={me.data.user.name} value={name} onChange={(e) => setName(e.target.value)} />
          <TextInput label="E-mail" value={me.data.user.email} readOnly />
          {me.data.user.has_password && <PasswordInput label="Current password" autoComplete="current-password" required value={current} onChange={(e) => setCurrent(e.target.value)} />}
          <PasswordInput label={me.data.user.has_password ? 'New password' : 'Choose a password'} autoComplete="new-password" required minLength={12}
            description="At least 12 characters." value={next} onChange={(e) => setNext(e.target.value)} />
          <ErrorNote error={error} />
          {saved && <Text c="teal" role="status">Saved.</Text>}
          <Group><Button type="submit">Save</Button><Button variant="default" onClick={() => void everywhere()}>Sign out everywhere</Button></Group>
        </Stack>
      </form>
    </Paper>
  )
}
