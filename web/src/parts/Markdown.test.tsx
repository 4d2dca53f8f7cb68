import { MantineProvider } from '@mantine/core'
import { renderToStaticMarkup } from 'react-dom/server'
import { expect, it } from 'vitest'
import { Markdown } from './Markdown'

const html = (text: string) => renderToStaticMarkup(<MantineProvider><Markdown text={text} /></MantineProvider>).replace(/<style[\s\S]*?<\/style>/g, '').replace(/ (class|style|data-[a-z-]+)="[^"]*"/g, '')

it('shows headings, lists, emphasis, code and links', () => {
  const shown = html('# One\n\nA **b** *c* `d` [e](https://example.com/x)\n\n- f\n- g\n\n1. h\n\n---\n\n```\n<i>\n```')
  for (const part of ['<h2>One</h2>', '<strong>b</strong>', '<em>c</em>', '>d</code>', 'href="https://example.com/x"', '<ol>', '<ul>', '&lt;i&gt;']) expect(shown).toContain(part)
  expect(shown).toContain('rel="noreferrer noopener nofollow"')
})

it('has no HTML, pictures or links that run something', () => {
  const shown = html('<script>alert(1)</script> ![x](https://evil.example/x.png) [a](javascript:alert(1)) [b](data:text/html,x) <img src=x onerror=alert(1)> [c](//evil.example)')
  expect(shown).not.toMatch(/<(script|img|a)\b/)
})

it('comes to its end whatever is written', () => {
  for (const text of ['', '#', '#####', '```', '- ', '**', '[', '[]()', '\r\n\r\n', '*'.repeat(5000), '['.repeat(5000)]) html(text)
})
