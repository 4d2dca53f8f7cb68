import type { ModelInput } from '../api/types'

export type Preset = ModelInput['preset']

/** What each preset fills in: the base URL, and a model as an example. Where it is left empty, a hint stands in its place. */
export const PRESETS: Record<Preset, { label?: string; base_url: string; model: string; hint?: string; keyHint: string }> = {
  openai: { label: 'OpenAI', base_url: 'https://api.openai.com/v1', model: 'gpt-5-mini', keyHint: 'sk-…' },
  azure: { label: 'Azure OpenAI', base_url: '', model: '', hint: 'https://NAME.openai.azure.com', keyHint: '3f9c…' },
  ollama: { label: 'Ollama', base_url: 'http://localhost:11434/v1', model: 'qwen3:8b', keyHint: '' },
  vllm: { label: 'vLLM', base_url: 'http://localhost:8000/v1', model: 'Qwen/Qwen3-8B', keyHint: '' },
  other: { base_url: '', model: '', hint: 'https://llm.example.com/v1', keyHint: '' },
}

/** The form after another preset is chosen: what the person typed stays, what a preset filled in makes room. */
export function withPreset<T extends { preset: Preset; name: string; base_url: string; model: string }>(form: T, preset: Preset): T {
  const [before, after] = [PRESETS[form.preset], PRESETS[preset]]
  const swap = (now: string, old = '', fresh = '') => (now === '' || now === old ? fresh : now)
  return { ...form, preset, name: swap(form.name, before.label, after.label), base_url: swap(form.base_url, before.base_url, after.base_url), model: swap(form.model, before.model, after.model) }
}
