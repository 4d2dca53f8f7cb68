import { Avatar, Badge, Button, Group, Modal, Paper, Stack, Switch, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { channelsQuery } from '../api/queries'
import type { Channel, ChannelReport } from '../api/types'
import { Confirm } from '../parts/Confirm'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'
import { Section } from '../settings/Section'
import { ChannelForm } from './ChannelForm'
import { ChannelReportNote } from './ChannelReportNote'
import { ChooseKind } from './ChooseKind'
import { Deliveries } from './Deliveries'
import { type Kind, KINDS, place } from './kinds'
import './words'

const TOUCHED = [channelsQuery.queryKey]

/** The ways to tell people something, and the ledger of what was told. */
export function Channels() {
  const { t } = useTranslation('channels')
  const list = useQuery(channelsQuery)
  const [adding, { open, close }] = useDisclosure(false)
  const [only, setOnly] = useState('') // the channel whose deliveries are shown
  const channels = list.data ?? []
  return (
    <>
      <Section title={t('title')} about={t('about')} loading={list.isLoading} error={list.error} onRetry={() => void list.refetch()} action={<Button onClick={open}>{t('add')}</Button>}>
        {list.data && channels.length === 0 && (
          <Paper withBorder p="lg">
            <Text fw={600}>{t('none')}</Text>
            <Text size="sm" c="dimmed" mb="md" maw={560}>{t('noneMeans')}</Text>
            <Button variant="default" onClick={open}>{t('addFirst')}</Button>
          </Paper>
        )}
        {channels.map((c) => <ChannelCard key={c.id} channel={c} onDeliveries={() => setOnly(c.id)} />)}
      </Section>
      <Deliveries channels={channels} channel={only} onChannel={setOnly} />
      <AddChannel opened={adding} onClose={close} />
    </>
  )
}

/** A small wizard: which service, then its values. */
function AddChannel({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('channels')
  const [kind, setKind] = useState<Kind | null>(null)
  const done = () => { setKind(null); onClose() }
  const title = kind ? t('addKind', { kind: KINDS[kind].label ?? t(`kind.${kind}`) }) : t('add')
  return (
    <Modal opened={opened} onClose={done} title={title} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      {kind ? <ChannelForm key={kind} kind={kind} onDone={done} onBack={() => setKind(null)} /> : <ChooseKind onChoose={setKind} />}
    </Modal>
  )
}

function ChannelCard({ channel: c, onDeliveries }: { channel: Channel; onDeliveries: () => void }) {
  const { t } = useTranslation('channels')
  const [editing, edit] = useDisclosure(false)
  const [removing, removal] = useDisclosure(false)
  const [report, setReport] = useState<ChannelReport | null>(null)
  const params = { path: { id: c.id } }
  const change = useAct((enabled: boolean) => unwrap(api.PATCH('/api/v1/channels/{id}', { params, body: { enabled } })), TOUCHED)
  const test = useAct(() => unwrap(api.POST('/api/v1/channels/{id}/test', { params })), [['deliveries']], setReport)
  const remove = useAct(() => unwrap(api.DELETE('/api/v1/channels/{id}', { params })), [...TOUCHED, ['deliveries']], removal.close)
  const enabled = change.isPending ? change.variables : c.enabled // shown at once
  const look = KINDS[c.kind]
  return (
    <Paper withBorder p="md" component="section" aria-label={c.name} data-testid="channel" data-kind={c.kind}>
      <Group justify="space-between" gap="sm">
        <Group gap="sm" wrap="nowrap" style={{ flex: '1 1 280px', minWidth: 0 }}>
          <Avatar radius="md" color={look.colour} aria-hidden>{look.mark}</Avatar>
          <div style={{ minWidth: 0 }}>
            <Group gap="xs">
              <Text fw={600} className="wrap">{c.name}</Text>
              {(look.label ?? t(`kind.${c.kind}`)) !== c.name && <Badge variant="default" tt="none">{look.label ?? t(`kind.${c.kind}`)}</Badge>}
              {!enabled && <Badge variant="light" color="gray" tt="none">{t('off')}</Badge>}
            </Group>
            <Text size="sm" c="dimmed" className="wrap">{place(c)}</Text>
          </div>
        </Group>
        <Group gap="xs">
          <Switch size="sm" label={t('enabled')} aria-label={t('enabledNamed', { name: c.name })} checked={enabled} onChange={(e) => change.mutate(e.currentTarget.checked)} />
          <Button size="xs" variant="default" loading={test.isPending} onClick={() => { setReport(null); test.mutate() }}>{t('test')}</Button>
          <Button size="xs" variant="default" onClick={onDeliveries}>{t('deliveries.of')}</Button>
          <Button size="xs" variant="default" onClick={edit.open}>{t('edit', { ns: 'parts' })}</Button>
          <Button size="xs" variant="subtle" color="red" onClick={removal.open}>{t('delete', { ns: 'parts' })}</Button>
        </Group>
      </Group>
      {(change.error ?? test.error) && <Stack mt="sm"><ErrorNote error={change.error ?? test.error} /></Stack>}
      {report && <Stack mt="sm"><ChannelReportNote report={report} /></Stack>}
      <Modal opened={editing} onClose={edit.close} title={t('editTitle', { name: c.name })} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        <ChannelForm kind={c.kind} channel={c} onDone={() => { setReport(null); edit.close() }} />
      </Modal>
      <Confirm opened={removing} onClose={removal.close} title={t('deleteTitle', { name: c.name })} action={t('delete', { ns: 'parts' })} onConfirm={() => remove.mutate()} busy={remove.isPending} error={remove.error}>
        <Text size="sm">{t('deleteMeans')}</Text>
      </Confirm>
    </Paper>
  )
}
