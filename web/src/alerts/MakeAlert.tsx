import { Button, Modal, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconBell } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Suspense, useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { meQuery } from '../api/queries'
import { lazyPart } from '../parts/lazyPage'
import { PageLink } from '../parts/links'

const NewAlert = lazyPart(() => import('./AlertForm').then((m) => ({ default: m.NewAlert })))

/** Makes an alert of an answer: a press to see what suits it, another to make it. */
export function MakeAlert({ question }: { question: string }) {
  const { t } = useTranslation('answer')
  const [opened, { open, close }] = useDisclosure(false)
  const [made, setMade] = useState('')
  const me = useQuery(meQuery)
  if (!me.data?.permissions.includes('alerts.write')) return null
  return (
    <>
      {made
        ? <Text size="xs" role="status"><Trans t={t} i18nKey="alert.made" components={{ page: <PageLink to="/alerts/$id" params={{ id: made }} size="xs" underline="always" /> }} /></Text>
        : <Button size="compact-xs" variant="subtle" color="gray" leftSection={<IconBell size={14} />} onClick={open}>{t('alert.make')}</Button>}
      <Modal opened={opened} onClose={close} size="lg" title={t('alert.make')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        {opened && <Suspense><NewAlert source={{ question_id: question }} onDone={(a) => { setMade(a.id); close() }} /></Suspense>}
      </Modal>
    </>
  )
}
