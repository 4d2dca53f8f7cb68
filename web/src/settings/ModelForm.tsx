import { Alert, Button, Checkbox, Group, PasswordInput, Select, SimpleGrid, Stack, TextInput } from '@mantine/core'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { meQuery, modelsQuery } from '../api/queries'
import type { Model, ModelReport } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'
import { ModelReportNote } from './ModelReportNote'
import { type Preset, PRESETS, withPreset } from './presets'

const start = (m?: Model) => (m
  ? { preset: m.preset ?? 'other', name: m.name, base_url: m.base_url ?? '', model: m.model ?? '', api_version: m.api_version ?? '', key: '' }
  : { preset: 'openai' as Preset, name: 'OpenAI', base_url: PRESETS.openai.base_url, model: PRESETS.openai.model, api_version: '', key: '' })

/** Sets a model up, or changes one: where it is, its key, and a test that says in words what is wrong. */
export function ModelForm({ model, onDone }: { model?: Model; onDone: () => void }) {
  const { t } = useTranslation('settings')
  const [form, setForm] = useState(() => start(model))
  const [dropKey, setDropKey] = useState(false)
  const [report, setReport] = useState<ModelReport | null>(null)
  const preset = PRESETS[form.preset]
  const stored = model?.key_set ?? false
  const moved = stored && form.base_url.trim() !== model?.base_url

  const set = (change: Partial<typeof form>) => {
    setReport(null)
    test.reset()
    setForm((f) => ({ ...f, ...change }))
  }
  const fields = {
    preset: form.preset, base_url: form.base_url.trim(), model: form.model.trim(),
    ...(form.preset === 'azure' && form.api_version.trim() && { api_version: form.api_version.trim() }),
  }
  const test = useAct(() => unwrap(api.POST('/api/v1/models/test', {
    body: { ...fields, ...(form.key && { key: form.key }), ...(model && !dropKey && { model_id: model.id }) },
  })), [], setReport)
  const save = useAct(() => {
    const named = { ...fields, name: form.name.trim() }
    if (!model) return unwrap(api.POST('/api/v1/models', { body: { ...named, ...(form.key && { key: form.key }) } }))
    return unwrap(api.PATCH('/api/v1/models/{id}', {
      params: { path: { id: model.id } }, body: { ...named, ...(dropKey ? { key: '' } : form.key && { key: form.key }) },
    }))
  }, [modelsQuery.queryKey, meQuery.queryKey], onDone)

  const outcome = useRef<HTMLDivElement>(null) // may be below the edge of a small screen
  const error = save.error ?? test.error
  useEffect(() => {
    if (report || error) void outcome.current?.scrollIntoView({ block: 'nearest' })
  }, [report, error])

  return (
    <form onSubmit={(e: FormEvent) => { e.preventDefault(); save.mutate() }}>
      <Stack>
        <Select label={t('models.preset')} data={Object.entries(PRESETS).map(([value, p]) => ({ value, label: p.label ?? t('models.other') }))} value={form.preset} allowDeselect={false}
          onChange={(v) => set(withPreset(form, (v ?? 'other') as Preset))} comboboxProps={{ withinPortal: false }} />
        <TextInput label={t('models.baseUrl')} description={t(`models.urlHelp.${form.preset}`)} placeholder={preset.hint ?? preset.base_url} required maxLength={500} autoComplete="off"
          value={form.base_url} onChange={(e) => set({ base_url: e.target.value })} />
        <SimpleGrid cols={{ base: 1, sm: 2 }} style={{ alignItems: 'end' }}>
          <TextInput label={t(form.preset === 'azure' ? 'models.deployment' : 'models.model')} placeholder={preset.model || 'gpt-5-mini'} required maxLength={200} autoComplete="off"
            value={form.model} onChange={(e) => set({ model: e.target.value })} />
          <TextInput label={t('models.name')} placeholder={preset.label ?? t('models.nameHint')} required maxLength={100} autoComplete="off" value={form.name} onChange={(e) => set({ name: e.target.value })} />
        </SimpleGrid>
        {form.preset === 'azure' && (
          <TextInput label={t('models.version')} placeholder="2024-10-21" description={t('models.versionHelp')} maxLength={30} autoComplete="off" value={form.api_version} onChange={(e) => set({ api_version: e.target.value })} />
        )}
        <PasswordInput label={t('models.key')} autoComplete="off" maxLength={1000} disabled={dropKey} placeholder={stored ? t('models.keyStored') : preset.keyHint}
          description={t(moved ? 'models.keyAgain' : stored ? 'models.keyKeep' : 'models.keyHelp')} value={form.key} onChange={(e) => set({ key: e.target.value })} />
        {stored && <Checkbox label={t('models.dropKey')} checked={dropKey} onChange={(e) => { set({ key: '' }); setDropKey(e.currentTarget.checked) }} />}
        <div ref={outcome}>
          {report && <ModelReportNote report={report} model={fields.model} onChoose={(name) => set({ model: name })} />}
          <ErrorNote error={error} />
        </div>
        {test.isPending && <Alert color="gray" role="status" p="xs">{t('models.testing')}</Alert>}
        <Group>
          <Button variant="default" loading={test.isPending} disabled={!fields.base_url || !fields.model} onClick={() => { setReport(null); test.mutate() }}>{t('models.test')}</Button>
          <Button type="submit" loading={save.isPending}>{t('save', { ns: 'parts' })}</Button>
        </Group>
      </Stack>
    </form>
  )
}
