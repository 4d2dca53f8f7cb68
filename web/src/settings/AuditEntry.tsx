import { Anchor, Code, Collapse, Group, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { Fragment } from 'react'
import { useTranslation } from 'react-i18next'
import type { AuditFilter } from '../api/queries'
import type { AuditEvent } from '../api/types'
import { moment } from '../parts/format'
import { useActionWords } from './actions'

/** An entry of the audit log: who did what, when; on demand, all that is kept of it. */
export function AuditEntry({ entry: e, onFilter }: { entry: AuditEvent; onFilter: (change: Partial<AuditFilter>) => void }) {
  const { t } = useTranslation('settings')
  const words = useActionWords()
  const [open, { toggle }] = useDisclosure(false)
  const known: [string, string][] = [
    [t('audit.action'), e.action], [t('audit.who'), `${e.user_name} <${e.user_email}>`], [t('audit.target'), e.target_id], [t('audit.ip'), e.ip], [t('audit.request'), e.request_id],
    [t('audit.time'), e.created_at],
  ]
  return (
    <li data-testid="audit-entry" data-action={e.action}>
      <UnstyledButton w="100%" onClick={toggle} aria-expanded={open}>
        <Group justify="space-between" gap="xs">
          <Text size="sm" className="wrap" style={{ flex: '1 1 260px' }}><b>{e.user_name || e.user_email}</b> {words(e.action)}{summary(e) && <Text span size="sm" c="dimmed"> · {summary(e)}</Text>}</Text>
          <Text size="sm" c="dimmed">{moment(e.created_at)}</Text>
        </Group>
      </UnstyledButton>
      <Collapse expanded={open}>
        <dl className="facts">
          {known.map(([name, value]) => <Fragment key={name}><dt>{name}</dt><dd>{value}</dd></Fragment>)}
        </dl>
        {Object.keys(e.detail).length > 0 && <Code block mt="xs" tabIndex={0} aria-label={t('audit.detail')}>{JSON.stringify(e.detail, null, 2)}</Code>}
        <Group gap="md" mt="xs">
          <Anchor component="button" size="sm" onClick={() => onFilter({ user: e.user_id })}>{t('audit.onlyPerson')}</Anchor>
          {e.target_id && <Anchor component="button" size="sm" onClick={() => onFilter({ target: e.target_id })}>{t('audit.onlyTarget')}</Anchor>}
        </Group>
      </Collapse>
    </li>
  )
}

/** What of the detail tells most: what it was about, or from what to what. */
function summary({ detail: d }: AuditEvent): string {
  const text = (key: string) => (typeof d[key] === 'string' || typeof d[key] === 'number' ? String(d[key]) : '')
  if (text('from') && text('to')) return `${text('from')} → ${text('to')}`
  return [text('name') || text('email'), text('role'), text('format')].filter(Boolean).join(', ')
}
