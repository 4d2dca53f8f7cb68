import { Group, NativeSelect, Paper, SimpleGrid, TagsInput, Text, TextInput } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { type Field, PARAMETER_TYPES, type ParameterType } from './parameters'

/** The values of the text's parameters, each in a field of its type. They reach the database beside the SQL, never in it. */
export function ParameterFields({ fields, onChange }: { fields: Field[]; onChange: (fields: Field[]) => void }) {
  const { t } = useTranslation('sql')
  const set = (name: string, part: Partial<Field>) => onChange(fields.map((f) => (f.name === name ? { ...f, ...part } : f)))
  return (
    <Paper withBorder p="sm" component="section" aria-label={t('parameters')}>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="sm">
        {fields.map((field) => (
          <div key={field.name} role="group" aria-label={field.name}>
            <Group gap={6} wrap="nowrap" mb={4}>
              <Text size="sm" fw={600} truncate title={field.name} style={{ flex: 1 }}>{field.label || field.name}</Text>
              <TypeSelect label={t('typeOf', { name: field.name })} value={field.type} types={PARAMETER_TYPES} onChange={(type) => set(field.name, { type })} />
              {field.type === 'list' && <TypeSelect label={t('valuesOf', { name: field.name })} value={field.of} types={PARAMETER_TYPES.filter((p) => p !== 'list')}
                onChange={(of) => set(field.name, { of: of as Field['of'] })} />}
            </Group>
            <Value field={field} set={(part) => set(field.name, part)} />
          </div>
        ))}
      </SimpleGrid>
      <Text size="xs" c="dimmed" mt="xs">{t('parametersHelp')}</Text>
    </Paper>
  )
}

function TypeSelect({ label, value, types, onChange }: { label: string; value: ParameterType; types: readonly ParameterType[]; onChange: (type: ParameterType) => void }) {
  const { t } = useTranslation('sql')
  return (
    <NativeSelect size="xs" aria-label={label} value={value} onChange={(e) => onChange(e.currentTarget.value as ParameterType)}
      data={types.map((type) => ({ value: type, label: t(`type.${type}`) }))} />
  )
}

const INPUTS: Partial<Record<ParameterType, string>> = { date: 'date', timestamp: 'datetime-local' }

function Value({ field, set }: { field: Field; set: (part: Partial<Field>) => void }) {
  const { t } = useTranslation('sql')
  const label = t('valueOf', { name: field.name })
  if (field.type === 'list') {
    return <TagsInput aria-label={label} value={field.list} onChange={(list) => set({ list })} placeholder={field.list.length ? undefined : t('listHint')} acceptValueOnBlur />
  }
  if (field.type === 'boolean') {
    return <NativeSelect aria-label={label} value={field.text} onChange={(e) => set({ text: e.currentTarget.value })}
      data={[{ value: '', label: t('choose') }, { value: 'true', label: t('yes') }, { value: 'false', label: t('no') }]} />
  }
  return <TextInput aria-label={label} type={INPUTS[field.type] ?? 'text'} inputMode={field.type === 'number' ? 'decimal' : undefined} step={field.type === 'timestamp' ? 1 : undefined}
    value={field.text} onChange={(e) => set({ text: e.currentTarget.value })} />
}
