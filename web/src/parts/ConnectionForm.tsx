import { Alert, Button, Group, List, NumberInput, PasswordInput, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { api, unwrap } from '../api/client'
import { connectionsQuery } from '../api/queries'
import type { ConnectionInput, Report } from '../api/types'
import { ErrorNote } from './ErrorNote'

type Form = Required<ConnectionInput>

const EMPTY: Form = {
  name: '', kind: 'postgres', host: '', port: 5432, database: '', username: '', password: '', tls_mode: 'verify-full', tls_ca: '',
  schemas: ['public'], timeout_seconds: 60, max_rows: 10000,
}

const TLS: { value: Form['tls_mode']; label: string }[] = [
  { value: 'verify-full', label: 'Encrypted, certificate checked' },
  { value: 'require', label: 'Encrypted, certificate not checked' },
  { value: 'disable', label: 'Not encrypted' },
]

/** Adds a connection; Test says in words what is wrong before anything is saved. */
export function ConnectionForm({ onDone }: { onDone: () => void }) {
  const queries = useQueryClient()
  const [form, setForm] = useState(EMPTY)
  const [report, setReport] = useState<Report | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState('')
  const set = <K extends keyof Form>(key: K, value: Form[K]) => {
    setReport(null)
    setForm((f) => ({ ...f, [key]: value }))
  }
  const body = { ...form, schemas: form.schemas.filter(Boolean) }

  const outcome = useRef<HTMLDivElement>(null) // may be below the edge of a small screen
  useEffect(() => {
    if (report || error) outcome.current?.scrollIntoView({ block: 'nearest' })
  }, [report, error])

  const run = async (name: string, work: () => Promise<void>) => {
    setBusy(name)
    setError(null)
    try {
      await work()
    } catch (e) {
      setError(e as Error)
    } finally {
      setBusy('')
    }
  }
  const test = () => run('test', async () => setReport(await unwrap(api.POST('/api/v1/connections/test', { body }))))
  const save = (event: FormEvent) => {
    event.preventDefault()
    return run('save', async () => {
      await unwrap(api.POST('/api/v1/connections', { body }))
      await queries.invalidateQueries({ queryKey: connectionsQuery.queryKey })
      onDone()
    })
  }
  const text = (key: 'name' | 'host' | 'database' | 'username', label: string, placeholder: string) => (
    <TextInput label={label} placeholder={placeholder} required value={form[key]} onChange={(e) => set(key, e.target.value)} />
  )
  return (
    <form onSubmit={(e) => void save(e)}>
      <Stack>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {text('name', 'Name', 'Sales')}
          {text('host', 'Host', 'db.example.com')}
          <NumberInput label="Port" min={1} max={65535} required value={form.port} onChange={(v) => set('port', Number(v))} />
          {text('database', 'Database', 'sales')}
          {text('username', 'User', 'datamind_reader')}
          <PasswordInput label="Password" autoComplete="off" value={form.password} onChange={(e) => set('password', e.target.value)} />
          <Select label="TLS" data={TLS} value={form.tls_mode} onChange={(v) => set('tls_mode', (v ?? 'verify-full') as Form['tls_mode'])} allowDeselect={false} comboboxProps={{ withinPortal: false }} />
          <TextInput label="Schemas" placeholder="public, sales" value={form.schemas.join(', ')} onChange={(e) => set('schemas', e.target.value.split(',').map((s) => s.trim()))} />
          <NumberInput label="Time limit (seconds)" min={1} max={600} value={form.timeout_seconds} onChange={(v) => set('timeout_seconds', Number(v))} />
          <NumberInput label="Row limit" min={1} max={100000} value={form.max_rows} onChange={(v) => set('max_rows', Number(v))} />
        </SimpleGrid>
        {form.tls_mode === 'verify-full' && <Textarea label="CA certificate (PEM)" description="Leave empty to use the system's." value={form.tls_ca} onChange={(e) => set('tls_ca', e.target.value)} />}
        <Text size="xs" c="dimmed">Use a role that can only read. The password is sealed for the query workers; nobody can read it back.</Text>
        <div ref={outcome}>{report && <ReportNote report={report} />}<ErrorNote error={error} /></div>
        <Group><Button variant="default" loading={busy === 'test'} disabled={!form.host || !form.database || !form.username} onClick={() => void test()}>Test</Button><Button type="submit" loading={busy === 'save'}>Save</Button></Group>
      </Stack>
    </form>
  )
}

/** What a test of a connection found. */
export function ReportNote({ report }: { report: Report }) {
  return (
    <Alert color={report.ok ? 'teal' : 'red'} mt="sm" title={report.ok ? 'It works' : 'It does not work yet'} data-testid="report">
      <Text size="sm" className="wrap">{report.message}</Text>
      {report.ok && <Text size="xs" c="dimmed">{report.tables} tables{report.server_version && ` · ${report.server_version}`}</Text>}
      {report.warnings?.length ? <List size="sm" mt="xs">{report.warnings.map((w) => <List.Item key={w} className="wrap">{w}</List.Item>)}</List> : null}
    </Alert>
  )
}
