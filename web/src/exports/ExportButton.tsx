import { Alert, Button, Group, Loader, Modal, Select, Stack, Switch, Text, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconDownload } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { api, newKey, unwrap } from '../api/client'
import { estimateQuery, exportQuery, exportSchedulesKey, exportsQuery } from '../api/exports'
import { meQuery } from '../api/queries'
import type { Export, ExportSchedule, ExportSource } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { PageLink } from '../parts/links'
import { myZone } from '../parts/schedule'
import { useAct } from '../parts/useAct'
import { count } from './amounts'
import { COMPRESSIONS, FORMATS } from './choices'
import { ExportProgress } from './ExportProgress'
import { type Repeat, RepeatFields } from './ScheduleForm'
import './words'

interface Props {
  /** What is exported; read when the dialog opens. */
  source: () => ExportSource
  disabled?: boolean
  /** Beside other small buttons. */
  small?: boolean
}

/** Opens the dialog that exports a query's rows. */
export function ExportButton({ source, disabled, small }: Props) {
  const { t } = useTranslation('exports')
  const me = useQuery(meQuery)
  const [opened, { open, close }] = useDisclosure(false)
  const [subject, setSubject] = useState<ExportSource>({})
  if (!me.data?.permissions.includes('exports.write')) return null
  const show = () => { setSubject(source()); open() }
  return (
    <>
      {small
        ? <Button size="compact-xs" variant="subtle" color="gray" leftSection={<IconDownload size={14} />} disabled={disabled} onClick={show}>{t('export')}</Button>
        : <Button variant="default" leftSection={<IconDownload size={16} />} disabled={disabled} onClick={show}>{t('export')}</Button>}
      <Modal opened={opened} onClose={close} title={t('exportAll')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        <ExportForm source={subject} onDone={close} />
      </Modal>
    </>
  )
}

function ExportForm({ source, onDone }: { source: ExportSource; onDone: () => void }) {
  const { t } = useTranslation('exports')
  const [format, setFormat] = useState<Export['format']>('csv')
  const [compression, setCompression] = useState<Export['compression']>('none')
  const key = useRef({ body: '', key: '' })
  const estimate = useQuery(estimateQuery(source, format))
  const start = useAct(() => {
    const body = { ...source, format, compression }
    const text = JSON.stringify(body)
    if (key.current.body !== text) key.current = { body: text, key: newKey() } // sent again, it is one export
    return unwrap(api.POST('/api/v1/exports', { params: { header: { 'Idempotency-Key': key.current.key } }, body }))
  }, [exportsQuery.queryKey])
  const [repeat, setRepeat] = useState<Repeat | null>(null)
  const [name, setName] = useState('')
  const schedule = useAct((r: Repeat) => unwrap(api.POST('/api/v1/export-schedules', { body: { ...source, name, format, compression, cron: r.cron, time_zone: r.zone, ...r.delivery } })), [exportSchedulesKey])
  if (start.data) return <Started export={start.data} onDone={onDone} />
  if (schedule.data) return <Planned schedule={schedule.data} onDone={onDone} />
  return (
    <Stack>
      <Select label={t('format')} description={t(`formatHelp.${format}`)} inputWrapperOrder={['label', 'input', 'description']} allowDeselect={false} comboboxProps={{ withinPortal: false }}
        data={FORMATS.map((value) => ({ value, label: t(`formats.${value}`) }))} value={format} onChange={(value) => setFormat(value as Export['format'])} />
      <Select label={t('compression')} allowDeselect={false} comboboxProps={{ withinPortal: false }}
        data={COMPRESSIONS.map((value) => ({ value, label: t(`compressions.${value}`) }))} value={compression} onChange={(value) => setCompression(value as Export['compression'])} />
      <div aria-live="polite">
        {estimate.isPending && <Group gap="xs"><Loader size="xs" /><Text size="sm" c="dimmed">{t('estimating')}</Text></Group>}
        {estimate.data && (
          <Text size="sm" data-testid="estimate">{t('estimate', { n: count(estimate.data.rows) })} <Text span inherit c="dimmed">{t(estimate.data.continues ? 'continues' : 'anew')}</Text></Text>
        )}
        {estimate.data && estimate.data.rows > estimate.data.max_rows && <Alert color="yellow" mt="xs" p="xs">{t('tooMany', { n: count(estimate.data.max_rows) })}</Alert>}
        <ErrorNote error={estimate.error} />
      </div>
      <Switch label={t('scheduled.repeat')} checked={!!repeat} onChange={(e) => setRepeat(e.currentTarget.checked ? { cron: '0 8 * * *', zone: myZone(), delivery: {} } : null)} />
      {repeat && <TextInput label={t('scheduled.name')} maxLength={200} value={name} onChange={(e) => setName(e.currentTarget.value)} />}
      {repeat && <RepeatFields repeat={repeat} onChange={setRepeat} />}
      <ErrorNote error={repeat ? schedule.error : start.error} />
      <Group>{repeat ? <Button loading={schedule.isPending} onClick={() => schedule.mutate(repeat)}>{t('scheduled.create')}</Button> : <Button loading={start.isPending} onClick={() => start.mutate()}>{t('start')}</Button>}<Button variant="default" onClick={onDone}>{t('cancel', { ns: 'parts' })}</Button></Group>
    </Stack>
  )
}

function Started({ export: made, onDone }: { export: Export; onDone: () => void }) {
  const { t } = useTranslation('exports')
  const now = useQuery({ ...exportQuery(made.id), initialData: made })
  return (
    <Stack data-status={now.data.status} data-export={made.id}>
      <Text fw={600} className="wrap">{now.data.file_name}</Text>
      <ExportProgress export={now.data} />
      <ErrorNote error={now.error} />
      <Text size="sm" c="dimmed"><Trans t={t} i18nKey="started" components={{ page: <PageLink to="/exports" underline="always" inherit /> }} /></Text>
      <Button variant="default" onClick={onDone} w="fit-content">{t('close', { ns: 'parts' })}</Button>
    </Stack>
  )
}

function Planned({ schedule: s, onDone }: { schedule: ExportSchedule; onDone: () => void }) {
  const { t } = useTranslation('exports')
  return (
    <Stack data-schedule={s.id}>
      <Text fw={600} className="wrap">{s.name}</Text>
      <Text size="sm"><Trans t={t} i18nKey="scheduled.made" values={{ when: s.next?.[0] ? moment(s.next[0]) : '' }} components={{ page: <PageLink to="/exports/scheduled" underline="always" inherit /> }} /></Text>
      <Button variant="default" onClick={onDone} w="fit-content">{t('close', { ns: 'parts' })}</Button>
    </Stack>
  )
}
