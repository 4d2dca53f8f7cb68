import { Alert as Note, Button, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { meQuery } from '../api/queries'
import type { Report } from '../api/reports'
import { PageButton } from '../parts/links'

/** A note with what helps beside it. */
export function Advice({ text, color = 'yellow', children }: { text: string; color?: string; children?: ReactNode }) {
  return (
    <Note color={color} p="xs" data-testid="advice">
      <Group justify="space-between" gap="xs">
        <Text size="sm" className="wrap" style={{ flex: '1 1 280px' }}>{text}</Text>
        {children}
      </Group>
    </Note>
  )
}

/** That members are not mailed anything, with the way to a channel for those who may set one up. */
export function MailWarning() {
  const { t } = useTranslation('reports')
  const me = useQuery(meQuery)
  const may = me.data?.permissions.includes('channels.manage') ?? false
  return (
    <Advice text={may ? t('warning.no_mail_channel') : `${t('warning.no_mail_channel')} ${t('warning.askAdmin')}`}>
      {may && <PageButton to="/settings/{-$section}" params={{ section: 'channels' }} size="compact-sm" variant="default">{t('act.channel')}</PageButton>}
    </Advice>
  )
}

/** What keeps a report from reaching people, or from being right. */
export function Warnings({ report: r, onEdit }: { report: Report; onEdit?: () => void }) {
  const { t } = useTranslation('reports')
  return r.warnings.map((w) => {
    if (w === 'no_mail_channel') return <MailWarning key={w} />
    return (
      <Advice key={w} text={t(`warning.${w}`)}>
        {w === 'dashboard_private' && r.dashboard_name && <PageButton to="/dashboards/$id" params={{ id: r.dashboard_id ?? '' }} size="compact-sm" variant="default">{t('act.share')}</PageButton>}
        {w === 'fixed_dates' && onEdit && <Button size="compact-sm" variant="default" onClick={onEdit}>{t('act.edit')}</Button>}
      </Advice>
    )
  })
}
