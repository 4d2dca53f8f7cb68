import { Badge, Button, Group, Paper, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { sessionsQuery } from '../api/queries'
import type { Session } from '../api/types'
import { Confirm } from '../parts/Confirm'
import { ErrorNote } from '../parts/ErrorNote'
import { moment } from '../parts/format'
import { useAct } from '../parts/useAct'
import { Section } from './Section'
import { device } from './userAgent'

const end = (id: string) => unwrap(api.DELETE('/api/v1/sessions/{id}', { params: { path: { id } } }))

/** Where one is signed in; ends sessions. */
export function Sessions() {
  const { t } = useTranslation('settings')
  const list = useQuery(sessionsQuery)
  const [asking, { open, close }] = useDisclosure(false)
  const others = list.data?.filter((s) => !s.current) ?? []
  const endOthers = useAct(async () => {
    for (const s of others) await end(s.id)
  }, [sessionsQuery.queryKey])
  const everywhere = useAct(() => unwrap(api.POST('/api/v1/auth/logout-all')), [], () => location.assign('/sign-in'))
  return (
    <Section title={t('section.sessions')} about={t('sessions.about')} loading={list.isLoading} error={list.error} onRetry={() => void list.refetch()}
      action={<Group gap="xs">
        {others.length > 0 && <Button variant="default" loading={endOthers.isPending} onClick={() => endOthers.mutate()}>{t('sessions.endOthers')}</Button>}
        <Button variant="subtle" color="red" onClick={open}>{t('sessions.everywhere')}</Button>
      </Group>}>
      <ErrorNote error={endOthers.error} />
      <Paper withBorder component="ul" className="plain-list rows">{list.data?.map((s) => <Row key={s.id} session={s} />)}</Paper>
      <Confirm opened={asking} onClose={close} title={t('sessions.everywhereTitle')} action={t('sessions.everywhere')} onConfirm={() => everywhere.mutate()} busy={everywhere.isPending} error={everywhere.error}>
        <Text size="sm">{t('sessions.everywhereMeans')}</Text>
      </Confirm>
    </Section>
  )
}

function Row({ session: s }: { session: Session }) {
  const { t } = useTranslation('settings')
  const stop = useAct(() => end(s.id), [sessionsQuery.queryKey])
  const { browser, system, other } = device(s.user_agent)
  const name = other ?? (browser && system ? t('sessions.on', { browser, system }) : browser ?? system)
  return (
    <li data-testid="session">
      <Group justify="space-between" gap="sm">
        <div style={{ flex: '1 1 240px', minWidth: 0 }}>
          <Group gap="xs"><Text fw={600} className="wrap" title={s.user_agent}>{name || t('sessions.unknown')}</Text>{s.current && <Badge variant="light" tt="none">{t('sessions.this')}</Badge>}</Group>
          <Text size="sm" c="dimmed" className="wrap">{s.ip} · {t('sessions.since', { when: moment(s.created_at) })} · {t('sessions.used', { when: moment(s.used_at) })}</Text>
        </div>
        {!s.current && <Button size="xs" variant="default" loading={stop.isPending} onClick={() => stop.mutate()}>{t('sessions.end')}</Button>}
      </Group>
      <ErrorNote error={stop.error} />
    </li>
  )
}
