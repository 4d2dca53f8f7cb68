import { Alert, Button, Group, List, Text } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import type { ModelReport } from '../api/types'
import { duration } from '../parts/format'

interface Props {
  report: ModelReport
  /** The model that was tried. */
  model: string
  /** Takes one of the models that the endpoint has. */
  onChoose?: (model: string) => void
}

/** What a test of a model found, in words, and the models that there are. */
export function ModelReportNote({ report, model, onChoose }: Props) {
  const { t } = useTranslation('settings')
  const others = (report.models ?? []).filter((name) => name !== model)
  return (
    <Alert color={report.ok ? 'teal' : 'red'} role="status" title={t(report.ok ? 'models.works' : 'models.worksNot')} data-testid="report">
      <Text size="sm" className="wrap">{report.message}</Text>
      {report.structured && <Text size="sm" mt={4}>{t(`models.structured.${report.structured}`)}</Text>}
      {report.ok && <Text size="sm" mt={4}>{t('models.took', { time: duration(report.ms), count: report.tokens })}</Text>}
      {!!report.warnings?.length && <List size="sm" mt="xs">{report.warnings.map((w) => <List.Item key={w} className="wrap">{w}</List.Item>)}</List>}
      {onChoose && others.length > 0 && (
        <>
          <Text size="sm" mt="xs" mb={4} id="models-there">{t('models.there')}</Text>
          <Group gap={6} role="group" aria-labelledby="models-there" mah={140} style={{ overflowY: 'auto' }}>
            {others.map((name) => <Button key={name} size="compact-xs" variant="default" onClick={() => onChoose(name)}>{name}</Button>)}
          </Group>
        </>
      )}
      {!report.ok && report.code && <Text size="xs" c="dimmed" mt={4}>{report.code}</Text>}
    </Alert>
  )
}
