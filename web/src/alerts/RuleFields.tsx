import { ActionIcon, Button, Chip, Group, MultiSelect, NumberInput, Select, Stack, Switch, Text, TextInput } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useTranslation } from 'react-i18next'
import type { AlertRule } from '../api/types'
import { locale } from '../i18n'
import { weekdayName } from '../parts/schedule'

interface Props { rule: AlertRule; escalateTo: string[]; channels: { value: string; label: string }[]; onChange: (rule: AlertRule) => void; onEscalateTo: (ids: string[]) => void }

const DAYS = [1, 2, 3, 4, 5, 6, 0]

/** How an alert tells: how long it waits, how often, and when it is quiet. */
export function RuleFields({ rule, escalateTo, channels, onChange, onEscalateTo }: Props) {
  const { t } = useTranslation('alerts')
  const set = (change: Partial<AlertRule>) => onChange({ ...rule, ...change })
  const number = (key: 'for_runs' | 'for_minutes' | 'cooldown_minutes' | 'remind_minutes' | 'escalate_minutes' | 'fail_after', label: string, none: number, hint?: string) => (
    <NumberInput label={label} description={hint} inputWrapperOrder={['label', 'input', 'description']} min={none} max={525_600} value={rule[key] || none} onChange={(v) => set({ [key]: Number(v) || 0 })} allowDecimal={false} />
  )
  const mute = rule.mute ?? []
  const change = (at: number, window: Partial<(typeof mute)[number]>) => set({ mute: mute.map((w, i) => (i === at ? { ...w, ...window } : w)) })
  return (
    <Stack gap="sm">
      <Switch label={t('recovery')} checked={rule.recovery} onChange={(e) => set({ recovery: e.currentTarget.checked })} />
      <Switch label={t('finding')} checked={rule.tell_finding ?? false} onChange={(e) => set({ tell_finding: e.currentTarget.checked })} />
      <Group grow preventGrowOverflow={false} align="end" wrap="wrap">{number('for_runs', t('forRuns'), 1)}{number('for_minutes', t('forMinutes'), 0)}</Group>
      <Group grow preventGrowOverflow={false} align="start" wrap="wrap">{number('cooldown_minutes', t('cooldown'), 0)}{number('remind_minutes', t('remind'), 0, t('zeroNever'))}</Group>
      <Group grow preventGrowOverflow={false} align="start" wrap="wrap">
        {number('escalate_minutes', t('escalate'), 0, t('zeroNever'))}
        <MultiSelect comboboxProps={{ withinPortal: false }} label={t('escalateTo')} data={channels} value={escalateTo} onChange={onEscalateTo} placeholder={escalateTo.length ? undefined : t('chooseChannels')} />
      </Group>
      <Group grow preventGrowOverflow={false} align="end" wrap="wrap">
        {number('fail_after', t('failAfter'), 3)}
        <Select comboboxProps={{ withinPortal: false }} allowDeselect={false} label={t('severity.label')} value={rule.severity ?? 'warning'} data={(['info', 'warning', 'critical'] as const).map((value) => ({ value, label: t(`severity.${value}`) }))} onChange={(v) => set({ severity: v as AlertRule['severity'] })} />
      </Group>
      <Text size="sm" fw={500}>{t('mute')}</Text>
      {mute.map((w, i) => (
        <Group key={i} gap="xs" align="end" role="group" aria-label={t('mute')}>
          <TextInput type="time" label={t('from')} value={w.from} onChange={(e) => e.currentTarget.value && change(i, { from: e.currentTarget.value })} />
          <TextInput type="time" label={t('to')} value={w.to} onChange={(e) => e.currentTarget.value && change(i, { to: e.currentTarget.value })} />
          <Chip.Group multiple value={(w.days ?? []).map(String)} onChange={(days) => change(i, { days: days.map(Number) })}>
            <Group gap={4}>{DAYS.map((n) => <Chip key={n} size="xs" value={String(n)}>{weekdayName(n, locale()).slice(0, 2)}</Chip>)}</Group>
          </Chip.Group>
          <ActionIcon variant="subtle" color="gray" aria-label={t('removeMute')} onClick={() => set({ mute: mute.filter((_, at) => at !== i) })}><IconX size={16} /></ActionIcon>
        </Group>
      ))}
      <Button size="compact-sm" variant="default" maw="max-content" onClick={() => set({ mute: [...mute, { from: '22:00', to: '07:00' }] })}>{t('addMute')}</Button>
    </Stack>
  )
}
