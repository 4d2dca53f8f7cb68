import { Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { ErrorNote } from '../parts/ErrorNote'
import { Frame } from './Frame'
import './words'

/** E-mail and password. */
export function SignIn() {
  const { t } = useTranslation('signIn')
  const navigate = useNavigate()
  const queries = useQueryClient()
  const { next } = useSearch({ strict: false }) as { next?: string }
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)

  const submit = async (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(null)
    try {
      await unwrap(api.POST('/api/v1/auth/login', { body: { email, password } }))
      queries.clear()
      await navigate({ href: next ?? '/', replace: true })
    } catch (e) {
      setError(e as Error)
    } finally {
      setBusy(false)
    }
  }

  return (
    <Frame title={t('title')}>
      <form onSubmit={(e) => void submit(e)}>
        <Stack>
          <TextInput label={t('email')} autoComplete="username" required value={email} onChange={(e) => setEmail(e.target.value)} />
          <PasswordInput label={t('password')} autoComplete="current-password" required value={password} onChange={(e) => setPassword(e.target.value)} />
          <ErrorNote error={error} />
          <Button type="submit" loading={busy}>{t('signIn')}</Button>
          <Text size="sm" c="dimmed">{t('firstTime')}</Text>
        </Stack>
      </form>
    </Frame>
  )
}

/** Uses the one-time link. The token is in the fragment: it never reaches a log. */
export function LinkSignIn() {
  const { t } = useTranslation('signIn')
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [error, setError] = useState<Error | null>(null)
  const used = useRef(false)

  useEffect(() => {
    if (used.current) return
    used.current = true
    const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? ''
    history.replaceState(null, '', '/link')
    unwrap(api.POST('/api/v1/auth/link', { body: { token } }))
      .then(() => { queries.clear(); return navigate({ to: '/', replace: true }) })
      .catch((e: Error) => setError(e))
  }, [navigate, queries])

  return (
    <Frame title={t('signingIn')}>
      {error ? <><ErrorNote error={error} /><Button mt="md" component="a" href="/sign-in">{t('withPassword')}</Button></> : <Text>{t('oneMoment')}</Text>}
    </Frame>
  )
}
