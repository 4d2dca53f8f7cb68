import { Collapse, List, Paper, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useTranslation } from 'react-i18next'
import type { Kind } from './kinds'
import type en from './words.en'

type Steps = keyof typeof en.guide

/** Where to find a service's values, step by step. */
export function Guide({ kind, bot }: { kind: Kind; bot: boolean }) {
  const { t } = useTranslation('channels')
  const [open, { toggle }] = useDisclosure(kind !== 'email')
  const name: Steps = kind === 'slack' && bot ? 'slackBot' : kind
  return (
    <Paper withBorder p="sm">
      <UnstyledButton onClick={toggle} aria-expanded={open} w="100%"><Text size="sm" fw={600}>{open ? '▾' : '▸'} {t('where')}</Text></UnstyledButton>
      <Collapse expanded={open}>
        <List type="ordered" size="sm" mt="xs" spacing={4}>{t(`guide.${name}`).split('\n').map((step) => <List.Item key={step} className="wrap">{step}</List.Item>)}</List>
      </Collapse>
    </Paper>
  )
}
