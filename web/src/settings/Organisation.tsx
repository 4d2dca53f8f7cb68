import { Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { meQuery } from '../api/queries'
import type { Me } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'
import { Section } from './Section'

/** The organisation's name. */
export function Organisation() {
  const { t } = useTranslation('settings')
  const me = useQuery(meQuery)
  return <Section title={t('section.organisation')} about={t('organisation.about')} loading={me.isLoading} error={me.error}>{me.data && <Rename org={me.data.org} />}</Section>
}

function Rename({ org }: { org: Me['org'] }) {
  const { t } = useTranslation('settings')
  const [name, setName] = useState(org.name)
  const save = useAct(() => unwrap(api.PATCH('/api/v1/organisation', { body: { name: name.trim() } })), [meQuery.queryKey])
  return (
    <form onSubmit={(e: FormEvent) => { e.preventDefault(); save.mutate() }}>
      <Stack maw={520}>
        <TextInput label={t('organisation.name')} placeholder="Example Ltd" required maxLength={100} autoComplete="organization" value={name} onChange={(e) => { save.reset(); setName(e.target.value) }} />
        <ErrorNote error={save.error} />
        <Group><Button type="submit" loading={save.isPending} disabled={!name.trim() || name.trim() === org.name}>{t('save', { ns: 'parts' })}</Button>{save.isSuccess && <Text size="sm" role="status">{t('savedName')}</Text>}</Group>
      </Stack>
    </form>
  )
}
