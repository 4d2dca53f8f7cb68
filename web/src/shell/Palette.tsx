import { Group, Kbd, Modal, ScrollArea, Text, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { searchQuery } from '../api/catalog'
import { connectionsQuery, conversationsQuery, meQuery } from '../api/queries'
import { reportsQuery } from '../api/reports'
import { PAGES } from './pages'
import { switchTo } from './switchTo'

interface Command {
  id: string
  group: string
  label: string
  run: () => unknown
}

const MOST = 30
const MOST_TABLES = 6
const TABLES_AFTER_MS = 200

/** Ask, jump to a page or a conversation. */
export default function Palette({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('shell')
  return (
    <Modal.Root opened={opened} onClose={onClose} size="lg" yOffset="12vh">
      <Modal.Overlay />
      <Modal.Content aria-label={t('palette.title')}><Modal.Body p={0}><Commands onClose={onClose} /></Modal.Body></Modal.Content>
    </Modal.Root>
  )
}

function Commands({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation('shell')
  const navigate = useNavigate()
  const me = useQuery(meQuery)
  const conversations = useInfiniteQuery(conversationsQuery)
  const [text, setText] = useState('')
  const [chosen, setChosen] = useState(0)
  const active = useRef<HTMLButtonElement>(null)

  const tables = useTables(text.trim())
  const reports = useInfiniteQuery({ ...reportsQuery, enabled: !!text.trim() && (me.data?.permissions.includes('reports.read') ?? false) })

  const commands = useMemo(() => {
    const wanted = text.trim().toLowerCase()
    const all: Command[] = []
    if (wanted) all.push({ id: 'ask', group: t('palette.ask'), label: text.trim(), run: () => navigate({ to: '/', search: { q: text.trim() } }) })
    for (const page of PAGES) {
      if (!page.needs || me.data?.permissions.includes(page.needs)) all.push({ id: page.to, group: t('palette.go'), label: t(`page.${page.name}`), run: () => navigate({ to: page.to }) })
    }
    for (const o of me.data?.organisations ?? []) {
      if (o.id !== me.data?.org.id) all.push({ id: o.id, group: t('organisation.group'), label: t('organisation.go', { name: o.name }), run: () => switchTo(o.id) })
    }
    for (const c of conversations.data?.pages.flatMap((p) => p.items) ?? []) {
      all.push({ id: c.id, group: t('conversations'), label: c.title, run: () => navigate({ to: '/conversations/$id', params: { id: c.id } }) })
    }
    for (const r of reports.data?.pages.flatMap((p) => p.items) ?? []) {
      all.push({ id: r.id, group: t('page.reports'), label: r.name, run: () => navigate({ to: '/reports/$id', params: { id: r.id } }) })
    }
    const matching = all.filter((c) => c.id === 'ask' || c.label.toLowerCase().includes(wanted)).slice(0, MOST)
    if (!wanted) return matching
    return [...matching, ...tables.map(({ connection, schema, table }) => ({
      id: `${schema}.${table}`, group: t('palette.table'), label: table,
      run: () => navigate({ to: '/catalog/$connection/$schema/$table', params: { connection, schema, table } }),
    }))]
  }, [text, conversations.data, reports.data, me.data, tables, navigate, t])
  const at = Math.min(chosen, commands.length - 1)
  useEffect(() => { void active.current?.scrollIntoView({ block: 'nearest' }) }, [at]) // some browsers answer with a promise

  const run = (command: Command | undefined) => {
    if (!command) return
    onClose()
    void command.run()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (by) setChosen((at + by + commands.length) % commands.length)
    else if (event.key === 'Enter') run(commands[at])
    else return
    event.preventDefault()
  }
  return (
    <div>
      <TextInput data-autofocus size="md" variant="unstyled" px="md" py={6} role="combobox" aria-expanded aria-controls="commands" aria-activedescendant={commands[at] && `command-${at}`}
        aria-label={t('palette.title')} placeholder={t('palette.placeholder')} value={text} onChange={(e) => { setText(e.target.value); setChosen(0) }} onKeyDown={onKeyDown} />
      <ScrollArea.Autosize mah={420} type="auto" style={{ borderTop: '1px solid var(--mantine-color-default-border)' }}>
        <div role="listbox" id="commands" aria-label={t('palette.title')} className="commands">
          {commands.map((c, i) => (
            <UnstyledButton key={c.id} id={`command-${i}`} ref={i === at ? active : undefined} role="option" aria-selected={i === at} tabIndex={-1} className="command" onMouseMove={() => setChosen(i)} onClick={() => run(c)}>
              <Group justify="space-between" wrap="nowrap"><Text size="sm" truncate>{c.label}</Text><Text size="xs" c="dimmed" style={{ flexShrink: 0 }}>{c.group}</Text></Group>
            </UnstyledButton>
          ))}
        </div>
        {commands.length === 0 && <Text size="sm" c="dimmed" p="md">{t('palette.none')}</Text>}
      </ScrollArea.Autosize>
      <Group gap="xs" px="md" py={6} style={{ borderTop: '1px solid var(--mantine-color-default-border)' }}><Kbd size="xs">↑↓</Kbd><Text size="xs" c="dimmed">{t('palette.move')}</Text><Kbd size="xs">↵</Kbd><Text size="xs" c="dimmed">{t('palette.open')}</Text><Kbd size="xs">Esc</Kbd><Text size="xs" c="dimmed">{t('palette.leave')}</Text></Group>
    </div>
  )
}

/** The tables of the sample, or else of the first database, that a text finds. */
function useTables(text: string): { connection: string; schema: string; table: string }[] {
  const [q] = useDebouncedValue(text, TABLES_AFTER_MS)
  const me = useQuery(meQuery)
  const wanted = q.length > 1 && (me.data?.permissions.includes('catalog.read') ?? false)
  const connections = useQuery({ ...connectionsQuery, enabled: wanted })
  const connection = (connections.data?.find((c) => c.sample) ?? connections.data?.[0])?.id
  const found = useQuery({ ...searchQuery(connection ?? '', q, 50), enabled: wanted && !!connection, retry: false })
  return useMemo(() => {
    if (!wanted || !connection) return []
    const tables = new Map((found.data ?? []).map((h) => [`${h.schema}.${h.table}`, { connection, schema: h.schema, table: h.table }]))
    return [...tables.values()].slice(0, MOST_TABLES)
  }, [found.data, wanted, connection])
}
