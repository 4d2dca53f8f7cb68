import { Alert, Button, Group, PasswordInput, SegmentedControl, Select, Stack, Text, TextInput, useMantineColorScheme } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import i18n from 'i18next'
import { type FormEvent, type ReactNode, useId, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { meQuery, sessionsQuery } from '../api/queries'
import type { Me } from '../api/types'
import { LANGUAGES, type Language, speak } from '../i18n'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'
import { Section } from './Section'

const WIDTH = 520

/** Who one is: name, password and e-mail; language and colours. */
export function Profile() {
  const { t } = useTranslation('settings')
  const me = useQuery(meQuery)
  const [chosen, setChosen] = useState(false)
  if (!me.data) return <Section title={t('section.profile')} loading={me.isLoading} error={me.error} />
  return (
    <>
      {chosen && <Alert color="teal" maw={WIDTH} mb="lg" role="status">{t('saved')}</Alert>}
      {me.data.user.has_password ? <><Name me={me.data} /><Password me={me.data} /></> : <FirstPassword me={me.data} onChosen={() => setChosen(true)} />}
      <Appearance />
    </>
  )
}

/** Name, e-mail and a password of who came with a link, and has none yet. */
function FirstPassword({ me: { user }, onChosen }: { me: Me; onChosen: () => void }) {
  const { t } = useTranslation('settings')
  const [name, setName] = useState(user.name)
  return (
    <Section title={t('profile')}>
      <Alert color="yellow" maw={WIDTH} title={t('choosePassword')}>{t('whyPassword')}</Alert>
      <Credentials me={{ email: user.email, name }} first onSaved={onChosen}>
        <TextInput label={t('name')} autoComplete="name" required maxLength={100} value={name} onChange={(e) => setName(e.target.value)} />
      </Credentials>
    </Section>
  )
}

function Name({ me: { user } }: { me: Me }) {
  const { t } = useTranslation('settings')
  const [name, setName] = useState(user.name)
  const save = useAct(() => unwrap(api.PATCH('/api/v1/auth/me', { body: { name: name.trim() } })), [meQuery.queryKey, ['members']])
  return (
    <Section title={t('profile')}>
      <form onSubmit={(e: FormEvent) => { e.preventDefault(); save.mutate() }}>
        <Stack maw={WIDTH}>
          <TextInput label={t('name')} autoComplete="name" required maxLength={100} value={name} onChange={(e) => { save.reset(); setName(e.target.value) }} />
          <ErrorNote error={save.error} />
          <Group><Button type="submit" loading={save.isPending} disabled={name.trim() === user.name}>{t('save', { ns: 'parts' })}</Button>{save.isSuccess && <Text size="sm" role="status">{t('savedName')}</Text>}</Group>
        </Stack>
      </form>
    </Section>
  )
}

function Password({ me: { user } }: { me: Me }) {
  const { t } = useTranslation('settings')
  return <Section title={t('signInWith')} about={t('signInWithAbout')}><Credentials me={{ email: user.email }} /></Section>
}

/** What one signs in with; both are changed together, with the current password where there is one. */
function Credentials({ me, first, onSaved, children }: { me: { email: string; name?: string }; first?: boolean; onSaved?: () => void; children?: ReactNode }) {
  const { t } = useTranslation('settings')
  const [email, setEmail] = useState(me.email)
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  // The API asks for a password with every change: the current one serves where none is chosen.
  const save = useAct(() => unwrap(api.POST('/api/v1/auth/password', {
    body: { name: me.name?.trim(), email: email.trim(), current_password: current || undefined, new_password: next || current },
  })), [meQuery.queryKey, sessionsQuery.queryKey], () => { setCurrent(''); setNext(''); onSaved?.() })
  return (
    <form onSubmit={(e: FormEvent) => { e.preventDefault(); save.mutate() }}>
      <Stack maw={WIDTH}>
        {children}
        <TextInput label={t('email')} autoComplete="username" required maxLength={254} value={email} onChange={(e) => setEmail(e.target.value)} />
        {!first && <PasswordInput label={t('currentPassword')} autoComplete="current-password" required value={current} onChange={(e) => setCurrent(e.target.value)} />}
        <PasswordInput label={t(first ? 'password' : 'newPassword')} autoComplete="new-password" required={first} minLength={12} maxLength={256}
          description={t(first ? 'atLeast' : 'keepEmpty')} value={next} onChange={(e) => setNext(e.target.value)} />
        <ErrorNote error={save.error} />
        <Group><Button type="submit" loading={save.isPending}>{t('save', { ns: 'parts' })}</Button>{save.isSuccess && <Text size="sm" role="status">{t('saved')}</Text>}</Group>
      </Stack>
    </form>
  )
}

/** Language and colours, kept in this browser. */
function Appearance() {
  const { t } = useTranslation('settings')
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const label = useId()
  return (
    <Section title={t('appearance')} about={t('appearanceAbout')}>
      <Stack maw={WIDTH}>
        <Select label={t('language')} data={Object.entries(LANGUAGES).map(([value, name]) => ({ value, label: name }))} value={i18n.language} allowDeselect={false}
          onChange={(v) => void speak((v ?? 'en') as Language)} />
        <div>
          <Text size="sm" fw={500} id={label} mb={4}>{t('colours')}</Text>
          <SegmentedControl aria-labelledby={label} value={colorScheme} onChange={setColorScheme} data={(['light', 'dark', 'auto'] as const).map((value) => ({ value, label: t(`scheme.${value}`) }))} />
        </div>
      </Stack>
    </Section>
  )
}
