import { Alert, Badge, Button, Group, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { previewQuery } from '../api/alerts'
import type { AlertPreview, AlertTry } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { lazyPart } from '../parts/lazyPage'
import { amount } from './describe'

const AlertChart = lazyPart(() => import('./AlertChart'))

/** What the alert would see now. */
export function Now({ preview, trying }: { preview?: AlertPreview; trying: boolean }) {
  const { t } = useTranslation('alerts')
  if (!preview) return <Text size="sm" c="dimmed">{trying && t('now.trying')}</Text>
  const first = preview.values.find((v) => v.breach) ?? preview.values[0]
  return (
    <Group gap="xs" aria-live="polite" data-testid="preview">
      {preview.code
        ? <Alert color="red" p="xs" w="100%"><Text size="sm" className="wrap">{t('now.failed', { text: preview.text ?? preview.code })}</Text></Alert>
        : <Badge size="lg" variant="light" color={preview.status === 'firing' ? 'red' : preview.status === 'ok' ? 'teal' : 'gray'}>{t(`now.${preview.status ?? 'unknown'}`)}</Badge>}
      {first && !preview.code && <Text size="sm">{first.value == null ? first.text : `${first.key ? `${first.key}: ` : ''}${amount(preview.condition, first.value)}`}{first.value != null && first.text ? ` · ${first.text}` : ''}</Text>}
      {preview.keys > 1 && <Text size="xs" c="dimmed">{t('now.keys', { n: preview.keys })}{preview.more > 0 && ` · ${t('now.more', { n: preview.more })}`}</Text>}
      {preview.warning && <Text size="xs" c="orange.8" w="100%">{t('fixedDates')}</Text>}
      {preview.replan && <Text size="xs" c="dimmed" w="100%">{t('replanned')}</Text>}
    </Group>
  )
}

/** How often it would have fired. */
export function DryRun({ body }: { body: AlertTry }) {
  const { t } = useTranslation('alerts')
  const [asked, setAsked] = useState<AlertTry | null>(null)
  const tried = useQuery({ ...previewQuery({ ...(asked ?? body), dry_run: true }), enabled: !!asked })
  const past = tried.data?.past
  return (
    <Stack gap={4}>
      <Button size="compact-sm" variant="default" maw="max-content" loading={tried.isFetching} onClick={() => setAsked(body)}>{t(asked ? 'dry.again' : 'dry.run')}</Button>
      <ErrorNote error={tried.error} />
      {tried.data && !past && !tried.data.code && <Text size="sm">{t('dry.none')}</Text>}
      {tried.data && past && (
        <>
          <Text size="sm" data-testid="dry-run">
            {t('dry.result', { count: past.fired, runs: past.runs })} {t('dry.told', { n: past.told })} {past.unknown > 0 && `${t('dry.unknown', { n: past.unknown })} `}
            {tried.data.past_of && <Text span size="sm" c="dimmed">{t(`dry.of.${tried.data.past_of}`)}</Text>}
          </Text>
          {past.points.length > 1 && <Suspense><AlertChart label={t('dry.chart')} condition={tried.data.condition} points={past.points} marks={past.episodes.map((e) => e.from)} height={160} /></Suspense>}
        </>
      )}
    </Stack>
  )
}
