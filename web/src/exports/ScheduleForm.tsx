import { Checkbox, MultiSelect, Select, Stack, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { usableChannelsQuery } from '../api/alerts'
import { exportSettingsQuery } from '../api/exports'
import type { ExportDelivery } from '../api/types'
import { ScheduleFields } from '../parts/ScheduleFields'

/** When an export is made, and how it is delivered. */
export interface Repeat { cron: string; zone: string; delivery: ExportDelivery }

/** The fields of a scheduled export that are not those of an export. */
export function RepeatFields({ repeat: r, onChange }: { repeat: Repeat; onChange: (repeat: Repeat) => void }) {
  const { t } = useTranslation('exports')
  const channels = useQuery(usableChannelsQuery)
  const settings = useQuery(exportSettingsQuery)
  const { delivery } = r
  const set = (change: Partial<ExportDelivery>) => onChange({ ...r, delivery: { ...delivery, ...change } })
  const chosen = channels.data?.filter((c) => delivery.channels?.includes(c.id)) ?? []
  const byMail = chosen.some((c) => c.kind === 'email')
  const targets = settings.data?.targets ?? []
  return (
    <Stack gap="sm">
      <ScheduleFields cron={r.cron} zone={r.zone} onChange={(cron, zone) => onChange({ ...r, cron, zone })} />
      {channels.data?.length === 0 ? <Text size="sm" c="dimmed">{t('scheduled.noChannels')}</Text>
        : <MultiSelect comboboxProps={{ withinPortal: false }} label={t('scheduled.tell')} data={channels.data?.map((c) => ({ value: c.id, label: c.name })) ?? []} value={delivery.channels ?? []}
          placeholder={delivery.channels?.length ? undefined : t('scheduled.chooseChannels')}
          onChange={(ids) => set({ channels: ids, attach: delivery.attach && !!channels.data?.some((c) => c.kind === 'email' && ids.includes(c.id)) })} />}
      {byMail && <Checkbox label={t('scheduled.attach')} checked={delivery.attach ?? false} onChange={(e) => set({ attach: e.currentTarget.checked })} />}
      {targets.length > 0 && (
        <Select comboboxProps={{ withinPortal: false }} label={t('scheduled.target')} value={delivery.target ?? null} placeholder={t('scheduled.noTarget')} clearable data={targets}
          onChange={(target) => set(target ? { target } : { target: undefined, folder: undefined })} />
      )}
      {delivery.target && <TextInput label={t('scheduled.folder')} description={t('scheduled.folderHint')} value={delivery.folder ?? ''} maxLength={300} onChange={(e) => set({ folder: e.currentTarget.value || undefined })} />}
    </Stack>
  )
}
