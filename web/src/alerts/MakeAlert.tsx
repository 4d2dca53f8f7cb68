import { Button, Modal, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconBell } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { Suspense, useState } from 'react'
import { Trans, useTranslation } from 'react-i18next'
import { meQuery } from '../api/queries'
import { lazyPart } from '../parts/lazyPage'
import { PageLink } from '../parts/links'
import type { Source } from './AlertForm'

const NewAlert = lazyPart(() => import('./AlertForm').then((m) => ({ default: m.NewAlert })))

/** Makes an alert of an answer or a saved query: a press to see what suits it, another to make it. */
export function MakeAlert({ source }: { source: Source }) {
  const { t } = useTranslation('parts')
  const [opened, { open, close }] = useDisclosure(false)
  const [made, setMade] = useState('')
  const may = useMayMakeAlerts()
  if (!may) return null
  return (
    <>
      {made
        ? <AlertMade id={made} />
        : <Button size="compact-xs" variant="subtle" color="gray" leftSection={<IconBell size={14} />} onClick={open}>{t('alert.make')}</Button>}
      <AlertDialog source={source} opened={opened} onClose={close} onMade={(id) => { setMade(id); close() }} />
    </>
  )
}

/** Whether the person may make alerts. */
export function useMayMakeAlerts(): boolean {
  return useQuery(meQuery).data?.permissions.includes('alerts.write') ?? false
}

/** Says that an alert was made, and leads to it. */
export function AlertMade({ id }: { id: string }) {
  const { t } = useTranslation('parts')
  return <Text size="xs" role="status"><Trans t={t} i18nKey="alert.made" components={{ page: <PageLink to="/alerts/$id" params={{ id }} size="xs" underline="always" /> }} /></Text>
}

interface DialogProps { source: Source; opened: boolean; onClose: () => void; onMade: (id: string) => void }

/** The form of an alert of a source. */
export function AlertDialog({ source, opened, onClose, onMade }: DialogProps) {
  const { t } = useTranslation('parts')
  return (
    <Modal opened={opened} onClose={onClose} size="lg" title={t('alert.make')} closeButtonProps={{ 'aria-label': t('close') }}>
      {opened && <Suspense><NewAlert source={source} onDone={(a) => onMade(a.id)} /></Suspense>}
    </Modal>
  )
}
