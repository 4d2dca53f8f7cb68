import { Group, NumberInput, Select, Text, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { scheduleQuery } from '../api/alerts'
import { locale } from '../i18n'
import { ErrorNote } from './ErrorNote'
import { type Every, fromCron, type Plan, toCron, weekdayName, zones } from './schedule'

interface Props { cron: string; zone: string; onChange: (cron: string, zone: string) => void; /** How often it can be. */ every?: readonly Every[] }

const EVERY: Every[] = ['minutes', 'hour', 'day', 'workday', 'week', 'month', 'cron']
const inside = { comboboxProps: { withinPortal: false }, allowDeselect: false } as const

/** When something runs, with the next times. */
export function ScheduleFields({ cron, zone, onChange, every: choices = EVERY }: Props) {
  const { t } = useTranslation('parts', { keyPrefix: 'schedule' })
  const plan = fromCron(cron)
  const next = useQuery(scheduleQuery(cron, zone))
  const set = (change: Partial<Plan>) => onChange(toCron({ ...plan, ...change }), zone)
  // What is no choice of the list is written as cron; so is what somebody wants to write.
  const every = plan.every
  const times = (list: string[]) => list.map((at) => new Date(at).toLocaleString(locale(), { weekday: 'short', day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', timeZone: zone })).join(' · ')
  return (
    <>
      <Group grow preventGrowOverflow={false} wrap="wrap" align="start">
        <Select {...inside} label={t('every.label')} value={every} data={choices.map((value) => ({ value, label: t(`every.${value}`) }))}
          onChange={(v) => onChange(v === 'cron' ? '0 8,20 * * *' : toCron({ ...plan, every: v as Every }), zone)} />
        {every === 'minutes' && <NumberInput label={t('minutes')} min={1} max={59} value={plan.minutes} onChange={(v) => set({ minutes: Math.min(59, Math.max(1, Number(v) || 1)) })} />}
        {every === 'week' && <Select {...inside} label={t('weekday')} value={String(plan.weekday)} data={[1, 2, 3, 4, 5, 6, 0].map((n) => ({ value: String(n), label: weekdayName(n, locale()) }))} onChange={(v) => set({ weekday: Number(v) })} />}
        {every === 'month' && <NumberInput label={t('day')} min={1} max={31} value={plan.day} onChange={(v) => set({ day: Math.min(31, Math.max(1, Number(v) || 1)) })} />}
        {(every === 'day' || every === 'workday' || every === 'week' || every === 'month' || every === 'hour') && <TextInput type="time" label={t('time')} value={plan.time} onChange={(e) => e.currentTarget.value && set({ time: e.currentTarget.value })} />}
        {every === 'cron' && <TextInput label={t('cron')} value={cron} onChange={(e) => onChange(e.currentTarget.value, zone)} ff="monospace" />}
        <Select {...inside} label={t('zone')} searchable limit={50} value={zone} data={zones().includes(zone) ? zones() : [zone, ...zones()]} onChange={(v) => v && onChange(cron, v)} />
      </Group>
      {next.error ? <ErrorNote error={next.error} /> : <Text size="xs" c="dimmed" mih={18} data-testid="next-runs">{next.data && t('next', { times: times(next.data) })}</Text>}
    </>
  )
}
