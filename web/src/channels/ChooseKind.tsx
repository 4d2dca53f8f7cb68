import { Avatar, Group, SimpleGrid, Text, UnstyledButton } from '@mantine/core'
import { useTranslation } from 'react-i18next'
import { type Kind, KINDS } from './kinds'

/** The services that there are, with what each is good for. */
export function ChooseKind({ onChoose }: { onChoose: (kind: Kind) => void }) {
  const { t } = useTranslation('channels')
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">{t('choose')}</Text>
      <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="sm">
        {(Object.keys(KINDS) as Kind[]).map((kind) => (
          <UnstyledButton key={kind} className="choice" p="sm" onClick={() => onChoose(kind)} data-kind={kind}>
            <Group gap="sm" wrap="nowrap" align="flex-start">
              <Avatar radius="md" color={KINDS[kind].colour} aria-hidden>{KINDS[kind].mark}</Avatar>
              <div>
                <Text fw={600} size="sm">{KINDS[kind].label ?? t(`kind.${kind}`)}</Text>
                <Text size="xs" c="dimmed">{t(`for.${kind}`)}</Text>
              </div>
            </Group>
          </UnstyledButton>
        ))}
      </SimpleGrid>
    </>
  )
}
