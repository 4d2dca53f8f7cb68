import { Accordion, Badge, Button, Group, Modal, Paper, Stack, Table, Text, TextInput, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { call, keys } from '../api/client'
import type { Catalog, Connection, Me, Page, Report } from '../api/types'
import { ConnectionForm, ReportNote } from '../parts/ConnectionForm'
import { ErrorNote } from '../parts/ErrorNote'

/** The organisation's databases: add, test, browse. */
export function Connections() {
  const [adding, { open, close }] = useDisclosure(false)
  const me = useQuery({ queryKey: keys.me, queryFn: () => call<Me>('GET', '/auth/me') })
  const list = useQuery({ queryKey: keys.connections, queryFn: () => call<Page<Connection>>('GET', '/connections?limit=100') })
  return (
    <Stack maw={1000} mx="auto">
      <Group justify="space-between">
        <Title order={1} size="h3">Connections</Title>
        {me.data?.permissions.includes('connections.write') && <Button onClick={open}>Connect a database</Button>}
      </Group>
      <ErrorNote error={list.error} />
      {list.data && !list.data.items?.length && <Text c="dimmed">No database is connected yet.</Text>}
      {list.data?.items?.map((c) => <ConnectionCard key={c.id} connection={c} />)}
      <Modal opened={adding} onClose={close} title="Connect a PostgreSQL database" size="lg"><ConnectionForm onDone={close} /></Modal>
    </Stack>
  )
}

function ConnectionCard({ connection: c }: { connection: Connection }) {
  const [open, { toggle }] = useDisclosure(false)
  const [report, setReport] = useState<Report | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const test = async () => {
    setBusy(true)
    setError(null)
    try {
      setReport(await call<Report>('POST', `/connections/${c.id}/test`, {}))
    } catch (e) {
      setError(e as Error)
    } finally {
      setBusy(false)
    }
  }
  return (
    <Paper withBorder p="md">
      <Group justify="space-between">
        <div>
          <Group gap="xs"><Text fw={600}>{c.name}</Text>{c.sample && <Badge variant="light">sample</Badge>}</Group>
          <Text size="sm" c="dimmed">{c.kind} · {c.host}:{c.port}/{c.database} · {c.schemas.join(', ')}</Text>
        </div>
        <Group gap="xs"><Button size="xs" variant="default" loading={busy} onClick={() => void test()}>Test</Button><Button size="xs" variant="default" onClick={toggle} aria-expanded={open}>Catalog</Button></Group>
      </Group>
      <ErrorNote error={error} />
      {report && <ReportNote report={report} />}
      {open && <CatalogView id={c.id} />}
    </Paper>
  )
}

function CatalogView({ id }: { id: string }) {
  const [search, setSearch] = useState('')
  const catalog = useQuery({ queryKey: keys.catalog(id), queryFn: () => call<Catalog>('GET', `/connections/${id}/catalog`) })
  if (catalog.error) return <ErrorNote error={catalog.error} />
  if (!catalog.data) return <Text size="sm" mt="sm">Loading…</Text>
  const wanted = search.toLowerCase()
  const tables = catalog.data.tables.filter((t) => `${t.name} ${t.columns.map((c) => c.name).join(' ')}`.toLowerCase().includes(wanted))
  return (
    <Stack mt="sm" gap="xs">
      <TextInput aria-label="Search tables and columns" placeholder="Search tables and columns" value={search} onChange={(e) => setSearch(e.target.value)} />
      <Accordion variant="contained">
        {tables.slice(0, 200).map((t) => (
          <Accordion.Item key={`${t.schema}.${t.name}`} value={`${t.schema}.${t.name}`}>
            <Accordion.Control><Text size="sm" fw={600}>{t.name} <Text span c="dimmed" size="xs">{t.kind}{t.rows >= 0 && ` · about ${t.rows.toLocaleString()} rows`}</Text></Text><Text size="xs" c="dimmed">{t.comment}</Text></Accordion.Control>
            <Accordion.Panel>
              <Table><Table.Tbody>
                {t.columns.map((c) => <Table.Tr key={c.name}><Table.Td>{c.name}</Table.Td><Table.Td>{c.type}</Table.Td><Table.Td className="wrap">{c.comment}{c.values?.length ? <Text size="xs" c="dimmed">{c.values.slice(0, 8).join(', ')}</Text> : null}</Table.Td></Table.Tr>)}
              </Table.Tbody></Table>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Stack>
  )
}
