import { PasswordInput, SegmentedControl, Select, SimpleGrid, TagsInput, Text, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { type Form, KINDS, PORTS } from './kinds'

interface Props {
  form: Form
  set: (change: Partial<Form>) => void
  /** A secret is stored already. */
  stored: boolean
  /** The host of a stored address. */
  hint?: string
}

/** A mail server, who sends and who is told. */
export function MailFields({ form, set, stored }: Props) {
  const { t } = useTranslation('channels')
  const encrypted = (tls: Form['tls']) => set({ tls, ...(form.port === PORTS[form.tls] && { port: PORTS[tls] }) })
  return (
    <>
      <TagsInput label={t('mail.to')} description={t('mail.toHelp')} placeholder={form.to.length ? '' : 'ann@example.com'} required={form.to.length === 0} value={form.to} onChange={(to) => set({ to })} splitChars={[',', ';', ' ']}
        acceptValueOnBlur maxTags={100} comboboxProps={{ withinPortal: false }} />
      <SimpleGrid cols={{ base: 1, sm: 2 }} style={{ alignItems: 'end' }}>
        <TextInput label={t('mail.from')} placeholder="datamind@example.com" required maxLength={254} value={form.from} onChange={(e) => set({ from: e.target.value })} />
        <TextInput label={t('mail.fromName')} placeholder="DataMind" maxLength={100} value={form.fromName} onChange={(e) => set({ fromName: e.target.value })} />
        <TextInput label={t('mail.host')} placeholder="smtp.example.com" required maxLength={253} autoComplete="off" value={form.host} onChange={(e) => set({ host: e.target.value })} />
        <TextInput label={t('mail.port')} placeholder={PORTS[form.tls]} inputMode="numeric" maxLength={5} value={form.port} onChange={(e) => set({ port: e.target.value.replace(/\D/g, '') })} />
      </SimpleGrid>
      <Select label={t('mail.encryption')} data={(['starttls', 'tls', 'plain'] as const).map((value) => ({ value, label: t(`mail.${value}`) }))} value={form.tls} allowDeselect={false}
        onChange={(v) => encrypted((v ?? 'starttls') as Form['tls'])} comboboxProps={{ withinPortal: false }} />
      <SimpleGrid cols={{ base: 1, sm: 2 }} style={{ alignItems: 'start' }}>
        <TextInput label={t('mail.user')} description={t('mail.userHelp')} placeholder="datamind@example.com" maxLength={320} autoComplete="off" value={form.username} onChange={(e) => set({ username: e.target.value })} />
        <PasswordInput label={t('mail.password')} description={t(stored ? 'keep' : 'mail.passwordHelp')} placeholder={stored ? t('stored') : ''} autoComplete="new-password" maxLength={1000} disabled={!form.username}
          value={form.secret} onChange={(e) => set({ secret: e.target.value })} />
      </SimpleGrid>
    </>
  )
}

/** A chat service or PagerDuty: an address or a token, and with some the room. */
export function ChatFields({ form, set, stored, hint }: Props) {
  const { t } = useTranslation('channels')
  const slack = form.kind === 'slack'
  const kind = slack && form.bot ? 'slackBot' : form.kind as 'slack' | 'teams' | 'discord' | 'pagerduty' | 'telegram'
  return (
    <>
      {slack && (
        <div>
          <SegmentedControl fullWidth aria-label={t('slack.way')} data={[{ value: 'webhook', label: t('slack.webhook') }, { value: 'bot', label: t('slack.bot') }]} value={form.bot ? 'bot' : 'webhook'}
            onChange={(v) => set({ bot: v === 'bot', secret: '' })} />
          <Text size="xs" c="dimmed" mt={4}>{t(form.bot ? 'slack.botMeans' : 'slack.webhookMeans')}</Text>
        </div>
      )}
      <PasswordInput label={t(`secret.${kind}`)} placeholder={stored ? hint ?? t('stored') : kind === 'slackBot' ? 'xoxb-…' : KINDS[form.kind].secret} description={stored ? t('keep') : undefined} required={!stored} autoComplete="off" maxLength={2000}
        value={form.secret} onChange={(e) => set({ secret: e.target.value })} />
      {kind === 'slackBot' && <TextInput label={t('slack.room')} placeholder="C0123456789" description={t('slack.roomHelp')} required maxLength={80} autoComplete="off" value={form.room} onChange={(e) => set({ room: e.target.value })} />}
      {kind === 'pagerduty' && (
        <Select label={t('region')} data={[{ value: 'us', label: t('us') }, { value: 'eu', label: t('eu') }]} value={form.region} allowDeselect={false} onChange={(v) => set({ region: (v ?? 'us') as Form['region'] })} comboboxProps={{ withinPortal: false }} />
      )}
      {kind === 'telegram' && (
        <TagsInput label={t('chats')} description={t('chatsHelp')} placeholder={form.to.length ? '' : '-1001234567890'} required={form.to.length === 0} value={form.to} onChange={(to) => set({ to })} splitChars={[',', ' ']} acceptValueOnBlur maxTags={100}
          comboboxProps={{ withinPortal: false }} />
      )}
    </>
  )
}

/** Another program's address, and what its messages are signed with. */
export function WebhookFields({ form, set, stored }: Props) {
  const { t } = useTranslation('channels')
  return (
    <>
      <TextInput label={t('webhook.url')} placeholder="https://hooks.example.com/datamind" required maxLength={2000} autoComplete="off" value={form.url} onChange={(e) => set({ url: e.target.value })} />
      <PasswordInput label={t('webhook.secret')} description={t(stored ? 'keep' : 'webhook.secretHelp')} placeholder={stored ? t('stored') : ''} required={!stored} autoComplete="off" maxLength={200} defaultVisible={!stored}
        value={form.secret} onChange={(e) => set({ secret: e.target.value })} />
    </>
  )
}
