import { Button, Group, Modal, Stack } from '@mantine/core'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { ErrorNote } from './ErrorNote'

interface Props {
  opened: boolean
  onClose: () => void
  title: string
  /** The button's words: what it does. */
  action: string
  onConfirm: () => void
  busy: boolean
  error: Error | null
  /** What follows from it. */
  children: ReactNode
}

/** Asks before something that cannot be undone. */
export function Confirm({ opened, onClose, title, action, onConfirm, busy, error, children }: Props) {
  const { t } = useTranslation()
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('close') }}>
      <Stack>
        <div>{children}</div>
        <ErrorNote error={error} />
        <Group><Button color="red" loading={busy} onClick={onConfirm}>{action}</Button><Button variant="default" onClick={onClose}>{t('cancel')}</Button></Group>
      </Stack>
    </Modal>
  )
}
