import { Button, Group, Stack, Text, Title, UnstyledButton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { locale } from '../i18n'
import type { Run } from './draft'

/** One's own runs of this visit, latest first. */
export function History({ runs, shown, onShow, onTake }: { runs: Run[]; shown?: string; onShow: (run: Run) => void; onTake: (run: Run) => void }) {
  const { t } = useTranslation('sql')
  const time = new Intl.DateTimeFormat(locale(), { timeStyle: 'medium' })
  return (
    <section aria-label={t('history')}>
      <Title order={2} size="h6" mb={4}>{t('history')}</Title>
      <Stack component="ul" className="plain-list" gap={2}>
        {runs.map((run) => (
          <li key={run.id}>
            <Group gap="xs" wrap="nowrap">
              <UnstyledButton className="command" style={{ flex: 1, minWidth: 0 }} aria-pressed={run.id === shown} onClick={() => onShow(run)} title={run.sql}>
                <Text size="sm" truncate><Text span c="dimmed" inherit>{time.format(new Date(run.at))}</Text> <Text span ff="monospace" inherit>{run.sql.replace(/\s+/g, ' ')}</Text></Text>
              </UnstyledButton>
              <Button size="compact-xs" variant="subtle" color="gray" style={{ flexShrink: 0 }} onClick={() => onTake(run)}>{t('take')}</Button>
            </Group>
          </li>
        ))}
      </Stack>
    </section>
  )
}
