import { Button, Code, Group, Modal, Paper, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { catalogKey, notesQuery } from '../api/catalog'
import { api, unwrap } from '../api/client'
import { meQuery } from '../api/queries'
import type { Metric, Term } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { DeleteButton } from './DeleteButton'
import { MetricForm } from './MetricForm'
import { TableLink } from './TableLink'
import { TermForm } from './TermForm'

/** The words of an organisation and its figures, with what is wrong with one. */
export function Glossary({ connection }: { connection: string }) {
  const { t } = useTranslation('catalog')
  const me = useQuery(meQuery)
  const notes = useQuery(notesQuery(connection))
  const mayWrite = me.data?.permissions.includes('notes.write') ?? false
  return (
    <Stack gap="lg">
      <ErrorNote error={notes.error} onRetry={() => void notes.refetch()} />
      {notes.isPending && <Skeleton h={200} aria-label={t('loading', { ns: 'parts' })} />}
      {notes.data && (
        <>
          <Section title={t('metrics')} help={t('metricsHelp')} empty={!notes.data.metrics.length && t('noMetrics')} add={mayWrite && <AddMetric connection={connection} />}>
            {notes.data.metrics.map((metric) => <MetricItem key={metric.id} connection={connection} metric={metric} mayWrite={mayWrite} />)}
          </Section>
          <Section title={t('terms')} help={t('termsHelp')} empty={!notes.data.terms.length && t('noTerms')} add={mayWrite && <AddTerm connection={connection} />}>
            {notes.data.terms.map((term) => <TermItem key={term.id} connection={connection} term={term} mayWrite={mayWrite} />)}
          </Section>
        </>
      )}
    </Stack>
  )
}

function Section({ title, help, empty, add, children }: { title: string; help: string; empty: string | false; add: ReactNode; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Group justify="space-between" mb="xs">
        <div><Title order={2} size="h5">{title}</Title><Text size="sm" c="dimmed">{help}</Text></div>
        {add}
      </Group>
      {empty ? <Text size="sm" c="dimmed">{empty}</Text> : <Stack component="ul" className="plain-list" gap="xs">{children}</Stack>}
    </section>
  )
}

/** A form in a window of its own. */
function Form({ title, opened, onClose, children }: { title: string; opened: boolean; onClose: () => void; children: ReactNode }) {
  const { t } = useTranslation('parts')
  return <Modal opened={opened} onClose={onClose} title={title} size="lg" closeButtonProps={{ 'aria-label': t('close') }}>{children}</Modal>
}

function AddMetric({ connection }: { connection: string }) {
  const { t } = useTranslation('catalog')
  const [opened, { open, close }] = useDisclosure(false)
  return <><Button size="xs" onClick={open}>{t('addMetric')}</Button><Form title={t('addMetric')} opened={opened} onClose={close}><MetricForm connection={connection} onDone={close} /></Form></>
}

function AddTerm({ connection }: { connection: string }) {
  const { t } = useTranslation('catalog')
  const [opened, { open, close }] = useDisclosure(false)
  return <><Button size="xs" onClick={open}>{t('addTerm')}</Button><Form title={t('addTerm')} opened={opened} onClose={close}><TermForm connection={connection} onDone={close} /></Form></>
}

/** What the database says against it. */
function Wrong({ problem }: { problem: string }) {
  const { t } = useTranslation('catalog')
  return problem ? <Text size="sm" className="warning wrap" mt={4} data-testid="problem">{t('notUsable', { problem })}</Text> : null
}

export function MetricItem({ connection, metric: m, mayWrite }: { connection: string; metric: Metric; mayWrite: boolean }) {
  const { t } = useTranslation('catalog')
  const [opened, { open, close }] = useDisclosure(false)
  const queries = useQueryClient()
  return (
    <Paper component="li" withBorder p="sm" aria-label={m.name}>
      <Group justify="space-between" align="start" wrap="nowrap">
        <div style={{ minWidth: 0 }}>
          <Text size="sm" fw={600} className="wrap">{m.name}</Text>
          {m.description && <Text size="sm" className="wrap">{m.description}</Text>}
          <Group gap={6}><Code className="sql">{m.expression}{m.filter && ` ${t('where', { filter: m.filter })}`}</Code><TableLink connection={connection} schema={m.schema} name={m.table} /></Group>
          <Wrong problem={m.problem} />
        </div>
        {mayWrite && <Group gap={4} wrap="nowrap">
          <Button size="compact-xs" variant="subtle" color="gray" aria-label={t('changeNamed', { name: m.name })} onClick={open}>{t('change')}</Button>
          <DeleteButton name={m.name} onDelete={async () => {
            await unwrap(api.DELETE('/api/v1/metrics/{id}', { params: { path: { id: m.id } } }))
            await queries.invalidateQueries({ queryKey: catalogKey(connection) })
          }} />
        </Group>}
      </Group>
      <Form title={t('editMetric')} opened={opened} onClose={close}><MetricForm connection={connection} metric={m} onDone={close} /></Form>
    </Paper>
  )
}

export function TermItem({ connection, term, mayWrite }: { connection: string; term: Term; mayWrite: boolean }) {
  const { t } = useTranslation('catalog')
  const [opened, { open, close }] = useDisclosure(false)
  const queries = useQueryClient()
  return (
    <Paper component="li" withBorder p="sm" aria-label={term.term}>
      <Group justify="space-between" align="start" wrap="nowrap">
        <div style={{ minWidth: 0 }}>
          <Text size="sm" fw={600} className="wrap">{term.term}</Text>
          <Text size="sm" className="wrap">{term.meaning}</Text>
          {term.condition && <Group gap={6}><Code className="sql">{term.condition}</Code><TableLink connection={connection} schema={term.schema} name={term.table} /></Group>}
          <Wrong problem={term.problem} />
        </div>
        {mayWrite && <Group gap={4} wrap="nowrap">
          <Button size="compact-xs" variant="subtle" color="gray" aria-label={t('changeNamed', { name: term.term })} onClick={open}>{t('change')}</Button>
          <DeleteButton name={term.term} onDelete={async () => {
            await unwrap(api.DELETE('/api/v1/terms/{id}', { params: { path: { id: term.id } } }))
            await queries.invalidateQueries({ queryKey: catalogKey(connection) })
          }} />
        </Group>}
      </Group>
      <Form title={t('editTerm')} opened={opened} onClose={close}><TermForm connection={connection} term={term} onDone={close} /></Form>
    </Paper>
  )
}
