import { MultiSelect, Select, Stack } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { channelsQuery, meQuery } from '../api/queries'
import { reportPeopleQuery, type Report } from '../api/reports'
import { ErrorNote } from '../parts/ErrorNote'
import { nameOf } from './describe'
import { MailWarning } from './Warnings'

interface Props {
  /** Recipients as keyOf has them. */
  chosen: string[]
  onChange: (chosen: string[]) => void
  /** Of the report as it is, so that those who are gone have a name. */
  had?: Report['recipients']
  mail: string
  onMail: (channel: string) => void
}

const USER = 'user/'
const CHANNEL = 'channel/'

export const keyOf = (to: { user_id?: string; channel_id?: string }) => (to.user_id ? USER + to.user_id : CHANNEL + (to.channel_id ?? ''))
export const toOf = (key: string) => (key.startsWith(USER) ? { user_id: key.slice(USER.length) } : { channel_id: key.slice(CHANNEL.length) })

/** Who gets a report: members and channels, with what that means. */
export function RecipientsField({ chosen, onChange, had = [], mail, onMail }: Props) {
  const { t } = useTranslation('reports')
  const me = useQuery(meQuery)
  const people = useQuery(reportPeopleQuery)
  const channels = useQuery(channelsQuery)
  const usable = (channels.data ?? []).filter((c) => c.kind !== 'pagerduty' && (c.enabled || chosen.includes(keyOf({ channel_id: c.id }))))
  const members = (people.data?.people ?? []).map((p) => ({ value: keyOf({ user_id: p.id }), label: p.id === me.data?.user.id ? t('form.you', { name: p.name || p.email }) : p.name || p.email }))
  const rooms = usable.map((c) => ({ value: keyOf({ channel_id: c.id }), label: c.name }))
  const known = new Set([...members, ...rooms].map((o) => o.value))
  const gone = had.filter((to) => !known.has(keyOf(to)) && chosen.includes(keyOf(to))).map((to) => ({ value: keyOf(to), label: nameOf(t, to) }))
  const groups = [{ group: t('form.members'), items: [...members, ...gone.filter((g) => g.value.startsWith(USER))] }, { group: t('form.channels'), items: [...rooms, ...gone.filter((g) => g.value.startsWith(CHANNEL))] }]
  const mails = (channels.data ?? []).filter((c) => c.kind === 'email')
  const toMembers = chosen.some((key) => key.startsWith(USER))
  return (
    <Stack gap="xs">
      <MultiSelect label={t('form.to')} description={t('form.toHint')} searchable maxValues={50} comboboxProps={{ withinPortal: false }} withAsterisk
        data={groups.filter((g) => g.items.length)} value={people.data && channels.data ? chosen : []} onChange={onChange} placeholder={chosen.length ? undefined : t('form.choose')} disabled={!people.data || !channels.data} />
      {toMembers && mails.length > 1 && (
        <Select label={t('form.mailOver')} allowDeselect={false} comboboxProps={{ withinPortal: false }} value={mail} onChange={(v) => onMail(v ?? '')}
          data={[{ value: '', label: t('form.firstMail') }, ...mails.map((c) => ({ value: c.id, label: c.name }))]} />
      )}
      {toMembers && people.data && !people.data.mail && <MailWarning />}
      <ErrorNote error={people.error ?? channels.error} onRetry={() => { void people.refetch(); void channels.refetch() }} />
    </Stack>
  )
}
