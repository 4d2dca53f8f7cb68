import { Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ErrorNote } from '../parts/ErrorNote'

interface Props {
  title: string
  /** One line on what it is for. */
  about?: string
  action?: ReactNode
  /** What it shows is still being read, or cannot be. */
  loading?: boolean
  error?: Error | null
  onRetry?: () => void
  children?: ReactNode
}

/** A part of the settings with its heading, and what shows while it is read. */
export function Section({ title, about, action, loading, error, onRetry, children }: Props) {
  const { t } = useTranslation()
  return (
    <Stack component="section" aria-label={title} gap="sm" mb="xl">
      <Group justify="space-between" align="flex-start" gap="sm">
        <div style={{ flex: '1 1 260px' }}>
          <Title order={2} size="h4">{title}</Title>
          {about && <Text size="sm" c="dimmed" maw={640}>{about}</Text>}
        </div>
        {action}
      </Group>
      <ErrorNote error={error} onRetry={onRetry} />
      {loading ? <Skeleton h={120} aria-label={t('loading')} /> : children}
    </Stack>
  )
}
