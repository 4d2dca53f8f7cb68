import { Button, Checkbox, Select, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { apiKeysQuery } from '../api/queries'
import type { Me } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { Secret } from '../parts/Secret'
import { useAct } from '../parts/useAct'
import { FOR_ASKING, useScopeWords } from './scopes'

const DAYS = [7, 30, 90, 180, 365]

/** Makes a key with a part of one's own permissions, and shows it once. */
export function KeyForm({ me, onDone }: { me: Me; onDone: () => void }) {
  const { t } = useTranslation('settings')
  const words = useScopeWords()
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState(() => FOR_ASKING.filter((s) => me.permissions.includes(s)))
  const [days, setDays] = useState(90)
  const make = useAct(() => unwrap(api.POST('/api/v1/api-keys', { body: { name: name.trim(), scopes, expires_in_days: days } })), [apiKeysQuery.queryKey])
  if (make.data) return <Secret label={t('keys.secret')} value={make.data.key} onDone={onDone}>{t('keys.how')}</Secret>
  return (
    <form onSubmit={(e: FormEvent) => { e.preventDefault(); make.mutate() }}>
      <Stack>
        <TextInput label={t('keys.name')} placeholder={t('keys.nameHint')} description={t('keys.nameHelp')} required maxLength={100} autoComplete="off" data-autofocus value={name} onChange={(e) => setName(e.target.value)} />
        <Checkbox.Group label={t('keys.may')} value={scopes} onChange={setScopes}>
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" mt="xs">{me.permissions.map((s) => <Checkbox key={s} value={s} label={words(s)} />)}</SimpleGrid>
        </Checkbox.Group>
        <Select label={t('keys.expires')} data={DAYS.map((n) => ({ value: String(n), label: t('keys.days', { count: n }) }))} value={String(days)} allowDeselect={false} onChange={(v) => setDays(Number(v))} comboboxProps={{ withinPortal: false }} />
        <ErrorNote error={make.error} />
        <Button type="submit" loading={make.isPending} disabled={!scopes.length}>{t('keys.make')}</Button>
      </Stack>
    </form>
  )
}
