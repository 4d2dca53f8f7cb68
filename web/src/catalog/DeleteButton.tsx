import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ErrorNote } from '../parts/ErrorNote'

/** Deletes something after asking. */
export function DeleteButton({ name, onDelete }: { name: string; onDelete: () => Promise<unknown> }) {
  const { t } = useTranslation('catalog')
  const [asking, { open, close }] = useDisclosure(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const remove = async () => {
    setBusy(true)
    setError(null)
    try {
      await onDelete()
      close()
    } catch (e) {
      setError(e as Error)
    }
    setBusy(false)
  }
  return (
    <>
      <Button size="compact-xs" variant="subtle" color="red" aria-label={t('deleteNamed', { name })} onClick={open}>{t('delete', { ns: 'parts' })}</Button>
      <Modal opened={asking} onClose={close} title={t('deleteTitle', { name })} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
        <Stack>
          <Text size="sm">{t('deleteText')}</Text>
          <ErrorNote error={error} />
          <Group><Button color="red" loading={busy} onClick={() => void remove()}>{t('delete', { ns: 'parts' })}</Button><Button variant="default" onClick={close}>{t('cancel', { ns: 'parts' })}</Button></Group>
        </Stack>
      </Modal>
    </>
  )
}
