import { Anchor, Code, Divider, List, Stack, Text, Title } from '@mantine/core'
import { Fragment, type ReactNode } from 'react'

/**
 * A small part of Markdown: headings, lists, bold, italic, code and links. What people write stays text: there is no
 * HTML, pictures are not loaded, and links lead to web pages and mail only.
 */
export function Markdown({ text, level = 2 }: { text: string; /** Of the text's highest heading on the page. */ level?: 2 | 3 }) {
  return <Stack gap={6} className="markdown">{blocks(text, level).map((block, i) => <Fragment key={i}>{block}</Fragment>)}</Stack>
}

function blocks(text: string, level: number): ReactNode[] {
  const out: ReactNode[] = []
  const lines = text.replace(/\r\n?/g, '\n').split('\n')
  const highest = Math.min(...lines.map((line) => /^(#{1,4})\s/.exec(line)?.[1]?.length ?? 4))
  let last = level - 1
  for (let i = 0; i < lines.length;) {
    const line = lines[i] ?? ''
    const heading = /^(#{1,4})\s+(.*)$/.exec(line)
    if (!line.trim()) {
      i++
    } else if (heading) {
      // No level is left out, whatever is written; how large a heading looks is the writer's.
      const depth = (heading[1] ?? '').length
      last = Math.min(level + depth - highest, last + 1)
      out.push(<Title order={last as 2 | 3 | 4 | 5 | 6} size={`h${(depth + 2) as 3 | 4 | 5 | 6}`}>{inline(heading[2] ?? '')}</Title>)
      i++
    } else if (/^\s*(-{3,}|\*{3,}|_{3,})\s*$/.test(line)) {
      out.push(<Divider />)
      i++
    } else if (/^```/.test(line)) {
      const end = lines.findIndex((l, at) => at > i && /^```/.test(l))
      const last = end < 0 ? lines.length : end
      out.push(<Code block>{lines.slice(i + 1, last).join('\n')}</Code>)
      i = last + 1
    } else if (ITEM.test(line)) {
      const ordered = /^\s*\d/.test(line)
      const items: string[] = []
      for (; i < lines.length && ITEM.test(lines[i] ?? ''); i++) items.push((lines[i] ?? '').replace(ITEM, ''))
      out.push(<List type={ordered ? 'ordered' : 'unordered'} size="sm" withPadding>{items.map((item, at) => <List.Item key={at}>{inline(item)}</List.Item>)}</List>)
    } else {
      const from = i
      while (i < lines.length && (lines[i] ?? '').trim() && !/^(#{1,4}\s|```)/.test(lines[i] ?? '') && !ITEM.test(lines[i] ?? '')) i++
      i = Math.max(i, from + 1)
      out.push(<Text size="sm" className="wrap">{inline(lines.slice(from, i).join('\n'))}</Text>)
    }
  }
  return out
}

const ITEM = /^\s*(?:[-*+]|\d{1,3}[.)])\s+/
const INLINE = /`([^`\n]+)`|\*\*([^*\n]+)\*\*|\*([^*\n]+)\*|(!?)\[([^\]\n]+)\]\(([^)\s]+)\)/g

function inline(text: string): ReactNode[] {
  const out: ReactNode[] = []
  let at = 0
  for (const m of text.matchAll(INLINE)) {
    out.push(text.slice(at, m.index))
    at = m.index + m[0].length
    const [whole, code, bold, italic, picture, label, target = ''] = m
    if (code !== undefined) out.push(<Code key={m.index}>{code}</Code>)
    else if (bold !== undefined) out.push(<strong key={m.index}>{bold}</strong>)
    else if (italic !== undefined) out.push(<em key={m.index}>{italic}</em>)
    else out.push(!picture && /^(https?:\/\/|mailto:)/i.test(target) ? <Anchor key={m.index} href={target} target="_blank" rel="noreferrer noopener nofollow" inherit underline="always">{label}</Anchor> : whole)
  }
  out.push(text.slice(at))
  return out
}
