import { Alert, List, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { ChannelReport } from '../api/types'
import { duration } from '../parts/format'

/** What a test of a channel found, in words. */
export function ChannelReportNote({ report }: { report: ChannelReport }) {
  const { t } = useTranslation('channels')
  return (
    <Alert color={report.ok ? 'teal' : 'red'} role="status" title={t(report.ok ? 'works' : 'worksNot')} data-testid="report">
      <Text size="sm" className="wrap">{report.message}</Text>
      {!!report.warnings?.length && <List size="sm" mt="xs">{report.warnings.map((w) => <List.Item key={w} className="wrap">{w}</List.Item>)}</List>}
      <Text size="xs" c="dimmed" mt={4}>{[duration(report.ms), report.code].filter(Boolean).join(' · ')}</Text>
    </Alert>
  )
}
