import { Group, Text, Title } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { PageLink } from '../parts/links'

/** The head of both pages of exports, with the way from one to the other. */
export function Head({ page }: { page: 'made' | 'scheduled' }) {
  const { t } = useTranslation('exports')
  return (
    <div>
      <Title order={1} size="h3">{t('title')}</Title>
      <Text size="sm" c="dimmed" maw={640}>{page === 'made' ? t('about') : t('scheduled.about')}</Text>
      <Group component="nav" aria-label={t('tabs.label')} gap="lg" mt="xs">
        <PageLink to="/exports" fw={page === 'made' ? 700 : 400} aria-current={page === 'made' ? 'page' : undefined} activeOptions={{ exact: true }}>{t('tabs.made')}</PageLink>
        <PageLink to="/exports/scheduled" fw={page === 'scheduled' ? 700 : 400} aria-current={page === 'scheduled' ? 'page' : undefined}>{t('tabs.scheduled')}</PageLink>
      </Group>
    </div>
  )
}
