import { Button, Group, Select, Stack, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { exportSchedulesKey } from '../api/exports'
import type { Export, ExportSchedule } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'
import { COMPRESSIONS, FORMATS } from './choices'
import { RepeatFields } from './ScheduleForm'

/** Changes a scheduled export; what is exported stays. */
export function EditSchedule({ schedule: s, onDone }: { schedule: ExportSchedule; onDone: () => void }) {
  const { t } = useTranslation('exports')
  const [name, setName] = useState(s.name)
  const [format, setFormat] = useState(s.format)
  const [compression, setCompression] = useState(s.compression)
  const [repeat, setRepeat] = useState({ cron: s.cron, zone: s.time_zone, delivery: { channels: s.channels ?? [], attach: s.attach, target: s.target, folder: s.folder } })
  const save = useAct(() => unwrap(api.PATCH('/api/v1/export-schedules/{id}', { params: { path: { id: s.id } }, body: { name, format, compression, delivery: repeat.delivery,
    timing: { cron: repeat.cron, time_zone: repeat.zone, jitter_seconds: s.jitter_seconds, catch_up_minutes: s.catch_up_minutes } } })), [exportSchedulesKey], onDone)
  return (
    <form onSubmit={(e) => { e.preventDefault(); save.mutate() }}>
      <Stack>
        <TextInput label={t('scheduled.name')} required maxLength={200} value={name} onChange={(e) => setName(e.currentTarget.value)} data-autofocus />
        <Group grow>
          <Select label={t('format')} allowDeselect={false} comboboxProps={{ withinPortal: false }} data={FORMATS.map((value) => ({ value, label: t(`formats.${value}`) }))} value={format} onChange={(v) => setFormat(v as Export['format'])} />
          <Select label={t('compression')} allowDeselect={false} comboboxProps={{ withinPortal: false }} data={COMPRESSIONS.map((value) => ({ value, label: t(`compressions.${value}`) }))} value={compression} onChange={(v) => setCompression(v as Export['compression'])} />
        </Group>
        <RepeatFields repeat={repeat} onChange={(next) => setRepeat({ cron: next.cron, zone: next.zone, delivery: { channels: next.delivery.channels ?? [], attach: next.delivery.attach ?? false, target: next.delivery.target, folder: next.delivery.folder } })} />
        <ErrorNote error={save.error} />
        <Group><Button type="submit" loading={save.isPending} disabled={!name.trim()}>{t('scheduled.save')}</Button><Button variant="default" onClick={onDone}>{t('cancel', { ns: 'parts' })}</Button></Group>
      </Stack>
    </form>
  )
}
