import { expect, it } from 'vitest'
import { withPreset } from './presets'

const openai = { preset: 'openai' as const, name: 'OpenAI', base_url: 'https://api.openai.com/v1', model: 'gpt-5-mini' }

it('fills in what belongs to the preset, and takes away what belonged to the one before', () => {
  expect(withPreset(openai, 'ollama')).toEqual({ preset: 'ollama', name: 'Ollama', base_url: 'http://localhost:11434/v1', model: 'qwen3:8b' })
  expect(withPreset(openai, 'other')).toEqual({ preset: 'other', name: '', base_url: '', model: '' })
})

it('keeps what a person typed', () => {
  const typed = { ...openai, name: 'Ours', model: 'gpt-5' }
  expect(withPreset(typed, 'vllm')).toEqual({ preset: 'vllm', name: 'Ours', base_url: 'http://localhost:8000/v1', model: 'gpt-5' })
})
