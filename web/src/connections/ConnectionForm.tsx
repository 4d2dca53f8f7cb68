import { Alert, Button, Collapse, Group, List, MultiSelect, NumberInput, PasswordInput, Select, SimpleGrid, Stack, TagsInput, Text, Textarea, TextInput } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQueryClient } from '@tanstack/react-query'
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { connectionsQuery } from '../api/queries'
import type { Connection, ConnectionInput, Report } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { Connected } from './Connected'
import { type Help, helpFor } from './help'
import { parseUrl } from './parseUrl'

type Form = Required<ConnectionInput>

const EMPTY: Form = {
  name: '', kind: 'postgres', host: '', port: 5432, database: '', username: '', password: '', tls_mode: 'verify-full', tls_ca: '',
  schemas: ['public'], timeout_seconds: 60, max_rows: 10000,
}

const TLS = { 'verify-full': 'tls.full', require: 'tls.require', disable: 'tls.disable' } as const satisfies Record<Form['tls_mode'], string>

/**
 * Adds a connection: where it is, a test that says in words what is wrong, which schemas; then what is read of it, and
 * what can be asked.
 */
export function ConnectionForm({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation('connections')
  const queries = useQueryClient()
  const [form, setForm] = useState(EMPTY)
  const [report, setReport] = useState<Report | null>(null)
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState('')
  const [made, setMade] = useState<Connection | null>(null)
  const [more, details] = useDisclosure(false)
  const set = <K extends keyof Form>(key: K, value: Form[K]) => {
    setReport(null)
    setForm((f) => ({ ...f, [key]: value }))
  }
  const body = { ...form, schemas: form.schemas.filter(Boolean) }

  const fields = useRef<HTMLFormElement>(null)
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
  const test = (changed: Partial<Form> = {}) => run('test', async () => setReport(await unwrap(api.POST('/api/v1/connections/test', { body: { ...body, ...changed } }))))
  const help = (how: Help) => {
    if ('field' in how) return fields.current?.querySelector<HTMLInputElement>(`[name=${how.field}]`)?.select()
    if ('tls' in how) setForm((f) => ({ ...f, tls_mode: how.tls }))
    void test('tls' in how ? { tls_mode: how.tls } : {})
  }
  const save = (event: FormEvent) => {
    event.preventDefault()
    return run('save', async () => {
      setMade(await unwrap(api.POST('/api/v1/connections', { body })))
      await queries.invalidateQueries({ queryKey: connectionsQuery.queryKey })
    })
  }
  const text = (key: 'name' | 'host' | 'database' | 'username', placeholder: string) => (
    <TextInput name={key} label={t(`form.${key}`)} placeholder={placeholder} required value={form[key]} onChange={(e) => set(key, e.target.value)} />
  )
  const paste = (url: string) => {
    const found = parseUrl(url)
    if (!found) return
    setReport(null)
    setForm((f) => ({ ...f, ...found, name: f.name || (found.database ?? '') }))
  }
  if (made) return <Connected connection={made} onDone={onDone} />
  return (
    <form ref={fields} onSubmit={(e) => void save(e)}>
      <Stack>
        <TextInput label={t('form.paste')} placeholder="postgres://reader@db.example.com/sales" description={t('form.pasteHelp')} autoComplete="off"
          onChange={(e) => paste(e.target.value)} />
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {text('name', 'Sales')}
          {text('host', 'db.example.com')}
          <NumberInput name="port" label={t('form.port')} min={1} max={65535} required value={form.port} onChange={(v) => set('port', Number(v))} />
          {text('database', 'sales')}
          {text('username', 'datamind_reader')}
          <PasswordInput name="password" label={t('form.password')} autoComplete="off" value={form.password} onChange={(e) => set('password', e.target.value)} />
          <Select label={t('form.tls')} data={Object.entries(TLS).map(([value, key]) => ({ value, label: t(key) }))} value={form.tls_mode} onChange={(v) => set('tls_mode', (v ?? 'verify-full') as Form['tls_mode'])} allowDeselect={false} comboboxProps={{ withinPortal: false }} />
        </SimpleGrid>
        {report?.ok && report.schemas
          ? <MultiSelect label={t('form.schemas')} description={t('form.schemasHelp')} data={report.schemas} value={form.schemas} onChange={(v) => setForm((f) => ({ ...f, schemas: v }))} searchable comboboxProps={{ withinPortal: false }} />
          : <TagsInput label={t('form.schemas')} description={t('form.schemasLater')} value={form.schemas} onChange={(v) => set('schemas', v)} />}
        <Button size="compact-xs" variant="subtle" color="gray" w="fit-content" aria-expanded={more} onClick={details.toggle}>{t('form.more')}</Button>
        <Collapse expanded={more}>
          <Stack>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <NumberInput label={t('form.timeout')} min={1} max={600} value={form.timeout_seconds} onChange={(v) => set('timeout_seconds', Number(v))} />
              <NumberInput label={t('form.rows')} min={1} max={100000} value={form.max_rows} onChange={(v) => set('max_rows', Number(v))} />
            </SimpleGrid>
            {form.tls_mode === 'verify-full' && <Textarea label={t('form.ca')} description={t('form.caHelp')} value={form.tls_ca} onChange={(e) => set('tls_ca', e.target.value)} />}
          </Stack>
        </Collapse>
        <Text size="xs" c="dimmed">{t('form.readOnly')}</Text>
        <div ref={outcome}>{report && <ReportNote report={report}>
          {helpFor(report, form.tls_mode).map((how) => <Button key={JSON.stringify(how)} size="xs" variant="default" onClick={() => help(how)}>{t('field' in how ? `help.${how.field}` : 'tls' in how ? `help.${how.tls}` : 'help.again')}</Button>)}
        </ReportNote>}<ErrorNote error={error} /></div>
        <Group><Button variant="default" loading={busy === 'test'} disabled={!form.host || !form.database || !form.username} onClick={() => void test()}>{t('test')}</Button><Button type="submit" loading={busy === 'save'}>{t('save', { ns: 'parts' })}</Button></Group>
      </Stack>
    </form>
  )
}

/** What a test of a connection found. */
export function ReportNote({ report, children }: { report: Report; children?: ReactNode }) {
  const { t } = useTranslation('connections')
  return (
    <Alert color={report.ok ? 'teal' : 'red'} mt="sm" title={t(report.ok ? 'works' : 'worksNot')} data-testid="report">
      <Text size="sm" className="wrap">{report.message}</Text>
      {report.ok && <Text size="xs" c="dimmed">{t('tables', { n: report.tables })}{report.server_version && ` · ${report.server_version}`}</Text>}
      {!report.ok && children && <Group gap="xs" mt="xs">{children}</Group>}
      {report.warnings?.length ? <List size="sm" mt="xs">{report.warnings.map((w) => <List.Item key={w} className="wrap">{w}</List.Item>)}</List> : null}
    </Alert>
  )
}
