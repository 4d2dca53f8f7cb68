import { ActionIcon, Badge, Button, Group, Modal, Paper, Stack, Switch, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { meQuery, modelsQuery } from '../api/queries'
import type { Model, ModelReport } from '../api/types'
import { Confirm } from '../parts/Confirm'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'
import { ModelForm } from './ModelForm'
import { ModelReportNote } from './ModelReportNote'
import { PRESETS } from './presets'
import { Section } from './Section'

const TOUCHED = [modelsQuery.queryKey, meQuery.queryKey]

/** The organisation's models in the order in which they are tried. */
export function Models() {
  const { t } = useTranslation('settings')
  const list = useQuery(modelsQuery)
  const [adding, { open, close }] = useDisclosure(false)
  const models = list.data?.models ?? []
  const none = !models.some((m) => m.enabled)
  const configured = list.data?.configured
  return (
    <Section title={t('section.models')} about={t('models.about')} loading={list.isLoading} error={list.error} onRetry={() => void list.refetch()} action={<Button onClick={open}>{t('models.add')}</Button>}>
      {models.map((m, i) => <ModelCard key={m.id} model={m} first={i === 0} last={i === models.length - 1} place={i + 1} />)}
      {configured && (
        <Paper withBorder p="md" data-testid="configured">
          <Text size="sm" fw={600}>{t(none ? 'models.answersNow' : 'models.answersElse')}</Text>
          <Text size="sm" c="dimmed">{configured === 'builtin' ? t('models.builtin') : t('models.configured', { model: configured })}</Text>
        </Paper>
      )}
      <Modal opened={adding} onClose={close} title={t('models.add')} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}><ModelForm onDone={close} /></Modal>
    </Section>
  )
}

function ModelCard({ model: m, first, last, place }: { model: Model; first: boolean; last: boolean; place: number }) {
  const { t } = useTranslation('settings')
  const [editing, edit] = useDisclosure(false)
  const [removing, removal] = useDisclosure(false)
  const [report, setReport] = useState<ModelReport | null>(null)
  const params = { path: { id: m.id } }
  const change = useAct((body: { position?: number; enabled?: boolean }) => unwrap(api.PATCH('/api/v1/models/{id}', { params, body })), TOUCHED)
  const test = useAct(() => unwrap(api.POST('/api/v1/models/{id}/test', { params })), [], setReport)
  const remove = useAct(() => unwrap(api.DELETE('/api/v1/models/{id}', { params })), TOUCHED, removal.close)
  // Shown at once; goes back where the server refuses it.
  const enabled = change.isPending ? change.variables.enabled ?? m.enabled : m.enabled
  return (
    <Paper withBorder p="md" component="section" aria-label={m.name} data-testid="model">
      <Group justify="space-between" gap="sm">
        <Group gap="sm" wrap="nowrap" style={{ flex: '1 1 280px', minWidth: 0 }}>
          <Stack gap={2}>
            <ActionIcon variant="default" size="sm" disabled={first || change.isPending} aria-label={t('models.up', { name: m.name })} onClick={() => change.mutate({ position: place - 1 })}>↑</ActionIcon>
            <ActionIcon variant="default" size="sm" disabled={last || change.isPending} aria-label={t('models.down', { name: m.name })} onClick={() => change.mutate({ position: place + 1 })}>↓</ActionIcon>
          </Stack>
          <div style={{ minWidth: 0 }}>
            <Group gap="xs"><Text fw={600} className="wrap">{place}. {m.name}</Text>{m.preset && PRESETS[m.preset].label && PRESETS[m.preset].label !== m.name && <Badge variant="default" tt="none">{PRESETS[m.preset].label}</Badge>}</Group>
            <Text size="sm" c="dimmed" className="wrap">{m.model} · {m.base_url} · {t(m.key_set ? 'models.withKey' : 'models.withoutKey')}</Text>
          </div>
        </Group>
        <Group gap="xs">
          <Switch size="sm" label={t('models.enabled')} checked={enabled ?? false} onChange={(e) => change.mutate({ enabled: e.currentTarget.checked })} />
          <Button size="xs" variant="default" loading={test.isPending} onClick={() => { setReport(null); test.mutate() }}>{t('models.test')}</Button>
          <Button size="xs" variant="default" onClick={edit.open}>{t('edit', { ns: 'parts' })}</Button>
          <Button size="xs" variant="subtle" color="red" onClick={removal.open}>{t('delete', { ns: 'parts' })}</Button>
        </Group>
      </Group>
      {(change.error ?? test.error) && <Stack mt="sm"><ErrorNote error={change.error ?? test.error} /></Stack>}
      {report && <Stack mt="sm"><ModelReportNote report={report} model={m.model ?? ''} /></Stack>}
      <Modal opened={editing} onClose={edit.close} title={t('models.editTitle', { name: m.name })} size="lg" closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}><ModelForm model={m} onDone={() => { setReport(null); edit.close() }} /></Modal>
      <Confirm opened={removing} onClose={removal.close} title={t('models.deleteTitle', { name: m.name })} action={t('delete', { ns: 'parts' })} onConfirm={() => remove.mutate()} busy={remove.isPending} error={remove.error}>
        <Text size="sm">{t('models.deleteMeans')}</Text>
      </Confirm>
    </Paper>
  )
}
