import { Anchor, Center, Stack, Text, Title } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { Trans, useTranslation } from 'react-i18next'

/** An address that is no page. */
export function NotFound() {
  const { t } = useTranslation('shell')
  return (
    <Center mih="60vh" p="md">
      <Stack gap="xs"><Title order={1} size="h3">{t('notFound')}</Title><Text><Trans t={t} i18nKey="mistyped" components={{ page: <Anchor component={Link} to="/" /> }} /></Text></Stack>
    </Center>
  )
}
