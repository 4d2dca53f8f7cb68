import { Badge, Button, Checkbox, Group, Modal, Paper, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { apiKeysQuery, meQuery, membersQuery } from '../api/queries'
import type { APIKey } from '../api/types'
import { Confirm } from '../parts/Confirm'
import { day, moment } from '../parts/format'
import { useAct } from '../parts/useAct'
import { KeyForm } from './KeyForm'
import { useScopeWords } from './scopes'
import { Section } from './Section'

/** Why a key does not work any more; undefined while it does. */
const ended = (k: APIKey) => (k.revoked_at ? 'revoked' : new Date(k.expires_at) <= new Date() ? 'expired' : undefined)

/** The organisation's API keys. */
export function Keys() {
  const { t } = useTranslation('settings')
  const me = useQuery(meQuery)
  const members = useQuery({ ...membersQuery, enabled: me.data?.permissions.includes('members.read') ?? false })
  const list = useQuery(apiKeysQuery)
  const [making, { open, close }] = useDisclosure(false)
  const [all, setAll] = useState(false)
  const shown = list.data?.filter((k) => all || !ended(k)) ?? []
  const some = list.data?.some(ended)
  return (
    <Section title={t('section.keys')} about={t('keys.about')} loading={list.isLoading} error={list.error} onRetry={() => void list.refetch()} action={<Button onClick={open}>{t('keys.make')}</Button>}>
      {list.data && shown.length === 0 && <Text size="sm">{t('keys.none')}</Text>}
      {shown.length > 0 && (
        <Paper withBorder component="ul" className="plain-list rows">
          {shown.map((k) => <Row key={k.id} apiKey={k} by={members.data?.find((m) => m.user_id === k.user_id)?.name} />)}
        </Paper>
      )}
      {some && <Checkbox label={t('keys.all')} checked={all} onChange={(e) => setAll(e.currentTarget.checked)} />}
      <Modal opened={making} onClose={close} title={t('keys.make')} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>{me.data && <KeyForm me={me.data} onDone={close} />}</Modal>
    </Section>
  )
}

function Row({ apiKey: k, by }: { apiKey: APIKey; by?: string }) {
  const { t } = useTranslation('settings')
  const words = useScopeWords()
  const [asking, { open, close }] = useDisclosure(false)
  const revoke = useAct(() => unwrap(api.DELETE('/api/v1/api-keys/{id}', { params: { path: { id: k.id } } })), [apiKeysQuery.queryKey], close)
  const why = ended(k)
  return (
    <li data-testid="api-key">
      <Group justify="space-between" gap="sm">
        <div style={{ flex: '1 1 300px', minWidth: 0 }}>
          <Group gap="xs"><Text fw={600} className="wrap">{k.name}</Text><Text size="sm" ff="monospace" c="dimmed">{k.prefix}…</Text>{why && <Badge variant="default" tt="none">{t(`keys.${why}`)}</Badge>}</Group>
          <Text size="sm" className="wrap">{k.scopes.map(words).join(' · ')}</Text>
          <Text size="sm" c="dimmed" className="wrap">
            {by && `${t('keys.by', { name: by })} · `}{k.last_used_at ? t('keys.used', { when: moment(k.last_used_at) }) : t('keys.unused')} · {t(why === 'expired' ? 'keys.expiredOn' : 'keys.until', { day: day(k.expires_at) })}
          </Text>
        </div>
        {!why && <Button size="xs" variant="subtle" color="red" onClick={open}>{t('keys.revoke')}</Button>}
      </Group>
      <Confirm opened={asking} onClose={close} title={t('keys.revokeTitle', { name: k.name })} action={t('keys.revoke')} onConfirm={() => revoke.mutate()} busy={revoke.isPending} error={revoke.error}>
        <Text size="sm">{t('keys.revokeMeans')}</Text>
      </Confirm>
    </li>
  )
}
