import { Badge, Button, Collapse, Group, Skeleton, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { deliveryQuery } from '../api/queries'
import type { Delivery } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { useAct } from '../parts/useAct'

const COLOURS: Record<Delivery['status'], string> = { queued: 'gray', sending: 'blue', sent: 'teal', failed: 'red', skipped: 'gray', late: 'orange' }

/** One message to one recipient: how it ended and why; on demand the message and all that is kept of it. */
export function DeliveryEntry({ delivery: d }: { delivery: Delivery }) {
  const { t } = useTranslation('channels')
  const [open, { toggle }] = useDisclosure(false)
  const retry = useAct(() => unwrap(api.POST('/api/v1/deliveries/{id}/retry', { params: { path: { id: d.id } } })), [['deliveries']])
  return (
    <li data-testid="delivery" data-status={d.status}>
      <UnstyledButton w="100%" onClick={toggle} aria-expanded={open}>
        <Group justify="space-between" gap="xs" wrap="nowrap" align="flex-start">
          <div style={{ minWidth: 0 }}>
            <Group gap="xs"><Badge variant="light" color={COLOURS[d.status]} tt="none">{t(`status.${d.status}`)}</Badge><Text size="sm" fw={600} className="wrap">{d.title}</Text></Group>
            <Text size="sm" c="dimmed" className="wrap" mt={2}>{[d.channel_name, d.recipient].filter(Boolean).join(' → ')}{d.tries > 1 && ` · ${t('deliveries.tries', { count: d.tries })}`}</Text>
          </div>
          <Text size="sm" c="dimmed" style={{ whiteSpace: 'nowrap' }}>{moment(d.sent_at ?? d.created_at)}</Text>
        </Group>
      </UnstyledButton>
      {d.reason && d.status !== 'sent' && <Text size="sm" mt={4} className="wrap">{d.reason}</Text>}
      {d.retriable && <Button size="compact-sm" variant="default" mt="xs" loading={retry.isPending} onClick={() => retry.mutate()}>{t('deliveries.again')}</Button>}
      <ErrorNote error={retry.error} />
      <Collapse expanded={open}>{open && <Detail delivery={d} />}</Collapse>
    </li>
  )
}

function Detail({ delivery: d }: { delivery: Delivery }) {
  const { t } = useTranslation('channels')
  const full = useQuery(deliveryQuery(d.id))
  const known: [string, string | undefined][] = [
    [t('deliveries.subject'), d.subject], [t('deliveries.episode'), d.episode], [t('deliveries.due'), moment(d.due_at)], [t('deliveries.deadline'), moment(d.deadline)],
    [t('deliveries.triesName'), String(d.tries)], [t('deliveries.key'), d.key], [t('deliveries.code'), d.reason_code],
  ]
  const m = full.data?.message
  return (
    <>
      <dl className="facts">{known.map(([name, value]) => value && <Fragment key={name}><dt>{name}</dt><dd>{value}</dd></Fragment>)}</dl>
      <ErrorNote error={full.error} onRetry={() => void full.refetch()} />
      {full.isLoading && <Skeleton h={60} mt="xs" aria-label={t('loading', { ns: 'parts' })} />}
      {m?.text && <Text size="sm" mt="xs" className="wrap" style={{ whiteSpace: 'pre-wrap' }}>{m.text}</Text>}
      {!!m?.facts?.length && <dl className="facts">{m.facts.map((f) => <Fragment key={f.name}><dt>{f.name}</dt><dd>{f.value}</dd></Fragment>)}</dl>}
    </>
  )
}
