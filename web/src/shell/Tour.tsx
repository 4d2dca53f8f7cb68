import { Button, Group, Modal, Progress, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { setSeen } from './seen'

const STEPS = ['ask', 'answer', 'change', 'keep', 'connect'] as const
/** A walk through what can be done, in five sentences; it can be left at any time and opened again from the menu. */
export default function Tour({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('shell')
  const [at, setAt] = useState(0)
  const step = STEPS[at] ?? 'ask'
  const close = () => {
    setSeen()
    onClose()
    setAt(0)
  }
  return (
    <Modal opened={opened} onClose={close} title={t(`tour.${step}.title`)} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      <Stack>
        <Text size="sm" mih={84}>{t(`tour.${step}.text`)}</Text>
        <Progress value={(100 * (at + 1)) / STEPS.length} size="xs" aria-label={t('tour.progress', { n: at + 1, of: STEPS.length })} />
        <Group justify="space-between">
          <Button variant="subtle" color="gray" onClick={close}>{t('tour.skip')}</Button>
          <Group gap="xs">
            {at > 0 && <Button variant="default" onClick={() => setAt(at - 1)}>{t('tour.back')}</Button>}
            <Button data-autofocus onClick={() => (at + 1 < STEPS.length ? setAt(at + 1) : close())}>{t(at + 1 < STEPS.length ? 'tour.next' : 'tour.done')}</Button>
          </Group>
        </Group>
      </Stack>
    </Modal>
  )
}
