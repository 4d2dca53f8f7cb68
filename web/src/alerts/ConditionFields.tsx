import { Autocomplete, Group, NumberInput, Select, Switch, TagsInput, Text, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { AlertCondition } from '../api/types'

interface Props { condition: AlertCondition; columns: string[]; onChange: (c: AlertCondition) => void }

const KINDS = ['threshold', 'change', 'band', 'rows', 'freshness', 'failure'] as const
const OPS = ['above', 'at_least', 'below', 'at_most', 'equal', 'not_equal'] as const
const SIDES = ['above', 'below', 'either'] as const
const inside = { comboboxProps: { withinPortal: false }, allowDeselect: false } as const

/** When an alert fires: what is looked at, and what it is held against. */
export function ConditionFields({ condition: c, columns, onChange }: Props) {
  const { t } = useTranslation('alerts')
  const set = (change: Partial<AlertCondition>) => onChange({ ...c, ...change })
  const values = c.kind === 'threshold' || c.kind === 'change' || c.kind === 'band'
  const choices = c.kind === 'threshold' ? (['first', 'last', 'any', 'all', 'each', 'count'] as const) : (['first', 'last', 'each'] as const)
  return (
    <>
      <Group grow preventGrowOverflow={false} wrap="wrap" align="start">
        <Select {...inside} label={t('kind.label')} value={c.kind} data={KINDS.map((value) => ({ value, label: t(`kind.${value}`) }))} onChange={(kind) => onChange(fresh(kind as AlertCondition['kind'], c))} />
        {values && <Select {...inside} label={t('rows.label')} value={c.rows ?? 'first'} data={choices.map((value) => ({ value, label: t(`rows.${value}`) }))} onChange={(rows) => set({ rows: rows as AlertCondition['rows'] })} />}
        {(values && c.rows !== 'count' || c.kind === 'freshness') && <Autocomplete comboboxProps={inside.comboboxProps} label={t('column')} placeholder={t('firstColumn')} value={c.column ?? ''} data={columns} onChange={(column) => set({ column: column || undefined })} />}
      </Group>
      {(c.rows === 'each' || c.kind === 'rows') && <TagsInput comboboxProps={inside.comboboxProps} label={t('keys')} value={c.keys ?? []} data={columns} maxTags={5} onChange={(keys) => set({ keys })} />}
      {c.kind === 'threshold' && (
        <Group grow preventGrowOverflow={false} wrap="wrap" align="start">
          <Select {...inside} label={t('op.label')} value={c.op ?? 'above'} data={OPS.map((value) => ({ value, label: t(`op.${value}`) }))} onChange={(op) => set({ op: op as AlertCondition['op'], clear: undefined })} />
          <NumberInput label={t('limit')} value={c.limit ?? 0} onChange={(v) => set({ limit: Number(v) || 0 })} thousandSeparator />
          <TextInput label={t('unit')} value={c.unit ?? ''} maxLength={20} onChange={(e) => set({ unit: e.currentTarget.value || undefined })} />
        </Group>
      )}
      {c.kind === 'threshold' && c.op !== 'equal' && c.op !== 'not_equal' && (
        <NumberInput label={t('clear')} description={t('clearHint')} value={c.clear ?? ''} placeholder={String(c.limit ?? 0)} onChange={(v) => set({ clear: v === '' ? undefined : Number(v) })} thousandSeparator maw={300} />
      )}
      {c.kind === 'change' && (
        <>
          <Group grow preventGrowOverflow={false} wrap="wrap" align="start">
            <Select {...inside} label={t('direction')} value={c.op ?? 'above'} data={SIDES.map((value) => ({ value, label: t(`op.${value}`) }))} onChange={(op) => set({ op: op as AlertCondition['op'] })} />
            <NumberInput label={t('by')} value={c.limit ?? 0} min={0} onChange={(v) => set({ limit: Number(v) || 0 })} />
            <Select {...inside} label={t('against.label')} value={c.against ?? 'previous'} data={(['previous', 'weekday', 'month_year'] as const).map((value) => ({ value, label: t(`against.${value}`) }))} onChange={(v) => set({ against: v as AlertCondition['against'] })} />
          </Group>
          <Switch label={t('percent')} checked={c.percent ?? false} onChange={(e) => set({ percent: e.currentTarget.checked })} />
        </>
      )}
      {c.kind === 'band' && (
        <>
          <Group grow preventGrowOverflow={false} wrap="wrap" align="start">
            <Select {...inside} label={t('direction')} value={c.op ?? 'either'} data={SIDES.map((value) => ({ value, label: t(`op.${value}`) }))} onChange={(op) => set({ op: op as AlertCondition['op'] })} />
            <NumberInput label={t('width')} description={t('widthHint')} inputWrapperOrder={['label', 'input', 'description']} value={c.limit ?? 4} min={0.5} max={100} onChange={(v) => set({ limit: Number(v) || 4 })} />
            <NumberInput label={t('runs')} value={c.runs || 14} min={6} max={1000} onChange={(v) => set({ runs: Number(v) || 14 })} />
          </Group>
          <Text size="xs" c="dimmed">{t('bandHint')}</Text>
        </>
      )}
      {c.kind === 'rows' && <Select {...inside} maw={300} label={t('change.label')} value={c.change ?? 'new'} data={(['new', 'missing'] as const).map((value) => ({ value, label: t(`change.${value}`) }))} onChange={(v) => set({ change: v as AlertCondition['change'] })} />}
      {c.kind === 'freshness' && <NumberInput maw={300} label={t('hours')} value={(c.limit ?? 0) / 3600} min={0.01} onChange={(v) => set({ limit: Math.round((Number(v) || 1) * 3600) })} />}
      {values && c.rows !== 'count' && c.rows !== 'each' && (
        <Select {...inside} maw={300} label={t('empty.label')} value={c.empty ?? (c.rows === 'any' ? 'ok' : 'unknown')} data={(['unknown', 'ok', 'breach'] as const).map((value) => ({ value, label: t(`empty.${value}`) }))} onChange={(v) => set({ empty: v as AlertCondition['empty'] })} />
      )}
    </>
  )
}

/** A condition of another kind that keeps what still means something. */
function fresh(kind: AlertCondition['kind'], c: AlertCondition): AlertCondition {
  const base = { kind, column: kind === 'freshness' ? undefined : c.column, unit: c.unit }
  const rows = c.rows === 'any' || c.rows === 'all' || c.rows === 'count' ? 'first' : c.rows
  switch (kind) {
    case 'threshold': return { ...base, rows: c.rows ?? 'first', keys: c.keys, op: 'above', limit: c.kind === 'threshold' ? c.limit : 0 }
    case 'change': return { ...base, rows, keys: c.keys, op: 'either', limit: 20, percent: true, against: 'weekday' }
    case 'band': return { ...base, rows, keys: c.keys, op: 'either', limit: 4 }
    case 'rows': return { kind, keys: c.keys, change: 'new' }
    case 'freshness': return { ...base, limit: 24 * 3600 }
    default: return { kind }
  }
}
