import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { channelsQuery } from '../api/queries'
import type { Channel, ChannelReport } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'
import { ChannelReportNote } from './ChannelReportNote'
import { ChatFields, MailFields, WebhookFields } from './fields'
import { Guide } from './Guide'
import { type Form, type Kind, settingsOf, start } from './kinds'

interface Props {
  kind: Kind
  channel?: Channel
  onDone: () => void
  onBack?: () => void
}

/** Sets a channel up, or changes one: where to find its values, the values, and a test that says in words what is wrong. */
export function ChannelForm({ kind, channel, onDone, onBack }: Props) {
  const { t } = useTranslation('channels')
  const [form, setForm] = useState(() => start(kind, channel))
  const [report, setReport] = useState<ChannelReport | null>(null)
  const stored = channel?.secret_set ?? false
  const set = (change: Partial<Form>) => {
    setReport(null)
    test.reset()
    setForm((f) => ({ ...f, ...change }))
  }
  const settings = settingsOf(form)
  const secret = form.secret.trim()
  const test = useAct(() => unwrap(api.POST('/api/v1/channels/test', {
    body: { kind, name: form.name.trim() || undefined, settings, ...(secret && { secret }), ...(channel && { channel_id: channel.id }) },
  })), [], setReport)
  const save = useAct(() => {
    const named = { name: form.name.trim(), settings, ...(secret && { secret }) }
    if (!channel) return unwrap(api.POST('/api/v1/channels', { body: { kind, ...named } }))
    return unwrap(api.PATCH('/api/v1/channels/{id}', { params: { path: { id: channel.id } }, body: named }))
  }, [channelsQuery.queryKey], onDone)

  const outcome = useRef<HTMLDivElement>(null) // may be below the edge of a small screen
  const error = save.error ?? test.error
  useEffect(() => {
    if (report || error) void outcome.current?.scrollIntoView({ block: 'nearest' })
  }, [report, error])

  const Fields = kind === 'email' ? MailFields : kind === 'webhook' ? WebhookFields : ChatFields
  return (
    <form onSubmit={(e: FormEvent) => { e.preventDefault(); save.mutate() }}>
      <Stack>
        <Guide kind={kind} bot={form.bot} />
        <TextInput label={t('name')} placeholder={t(`nameHint.${kind}`)} description={t('nameHelp')} required maxLength={100} autoComplete="off" data-autofocus value={form.name} onChange={(e) => set({ name: e.target.value })} />
        <Fields form={form} set={set} stored={stored} hint={channel?.settings?.hint} />
        <div ref={outcome}>
          {report && <ChannelReportNote report={report} />}
          <ErrorNote error={error} />
        </div>
        {test.isPending && <Alert color="gray" role="status" p="xs">{t('testing')}</Alert>}
        <Group justify="space-between">
          <Group>
            <Button type="submit" loading={save.isPending}>{t('save', { ns: 'parts' })}</Button>
            <Button variant="default" loading={test.isPending} onClick={() => { setReport(null); test.mutate() }}>{t('testSend')}</Button>
          </Group>
          {onBack && <Button variant="subtle" color="gray" onClick={onBack}>{t('back')}</Button>}
        </Group>
        <Text size="xs" c="dimmed">{t('testMeans')}</Text>
      </Stack>
    </form>
  )
}
