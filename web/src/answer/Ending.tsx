import { Alert, Anchor, Button, Group, Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Trans, useTranslation } from 'react-i18next'
import type { Question } from '../api/types'
import { COLORS } from './question'
import en from './words.en'

/** How a question ended without an answer: what, why, what to do, and the id to name to an administrator. */
export function Ending({ question: q, onAgain }: { question: Question; onAgain?: () => void }) {
  const { t } = useTranslation('answer')
  const code = q.error_code || q.status
  const title = q.status in en.ending ? t(`ending.${q.status as keyof typeof en.ending}`) : undefined
  return (
    <Alert color={COLORS[q.status]} title={title} data-testid="ending">
      {(q.error || q.status === 'cancelled') && <Text size="sm" className="wrap">{q.error || t('nothingRuns')}</Text>}
      {code in en.advice && (
        <Text size="sm" mt={6}>
          <Trans t={t} i18nKey={`advice.${code as keyof typeof en.advice}`} components={{ page: <Anchor component={Link} to="/connections" inherit /> }} />
        </Text>
      )}
      <Group mt="xs" gap="sm">
        {onAgain && q.status !== 'refused' && <Button size="xs" variant="default" onClick={onAgain}>{t('again')}</Button>}
        <Text size="xs" c="dimmed" className="wrap">{code} · {t('question')} {q.id}</Text>
      </Group>
    </Alert>
  )
}
