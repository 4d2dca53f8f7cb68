import { Button, Group, Modal, NumberInput, Paper, Progress, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { budgetQuery } from '../api/queries'
import type { Budget } from '../api/types'
import { locale } from '../i18n'
import { ErrorNote } from '../parts/ErrorNote'
import { useAct } from '../parts/useAct'

/** What was used of the month's tokens, and for owners a way to change how many there are. */
export function BudgetCard({ budget: b, mayWrite }: { budget: Budget; mayWrite: boolean }) {
  const { t } = useTranslation('settings')
  const [changing, { open, close }] = useDisclosure(false)
  const whole = b.tokens_per_month ?? b.default
  const share = whole ? Math.min(100, (100 * b.used) / whole) : 0
  const show = new Intl.NumberFormat(locale())
  const month = new Intl.DateTimeFormat(locale(), { month: 'long', year: 'numeric', timeZone: 'UTC' }).format(new Date(`${b.month}-01`))
  return (
    <Paper withBorder p="md" data-testid="budget">
      <Group justify="space-between" mb="xs" gap="sm">
        <Text fw={600}>{t('usage.of', { used: show.format(b.used), whole: show.format(whole), month })}</Text>
        {mayWrite && <Button size="xs" variant="default" onClick={open}>{t('usage.change')}</Button>}
      </Group>
      <Progress value={share} color={share >= 100 ? 'red' : share >= 80 ? 'orange' : 'teal'} size="lg" aria-label={t('usage.share')} />
      <Text size="sm" c="dimmed" mt="xs">
        {t('usage.left', { left: show.format(b.remaining) })} · {b.tokens_per_member ? t('usage.member', { n: show.format(b.tokens_per_member) }) : t('usage.noMember')}{b.tokens_per_month === undefined && ` · ${t('usage.default')}`}
      </Text>
      <Modal opened={changing} onClose={close} title={t('usage.change')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}><BudgetForm budget={b} onDone={close} /></Modal>
    </Paper>
  )
}

function BudgetForm({ budget: b, onDone }: { budget: Budget; onDone: () => void }) {
  const { t } = useTranslation('settings')
  const [month, setMonth] = useState<number | string>(b.tokens_per_month ?? '')
  const [member, setMember] = useState<number | string>(b.tokens_per_member ?? '')
  const number = (value: number | string) => (value === '' ? undefined : Number(value))
  const save = useAct(() => unwrap(api.PUT('/api/v1/budget', { body: { tokens_per_month: number(month), tokens_per_member: number(member) } })), [budgetQuery.queryKey, ['usage']], onDone)
  const show = new Intl.NumberFormat(locale())
  const common = { min: 1, max: 1e12, step: 10_000, thousandSeparator: ' ', allowDecimal: false }
  return (
    <form onSubmit={(e: FormEvent) => { e.preventDefault(); save.mutate() }}>
      <Stack>
        <NumberInput {...common} label={t('usage.perMonth')} placeholder={show.format(b.default)} description={t('usage.perMonthHelp', { n: show.format(b.default) })} value={month} onChange={setMonth} />
        <NumberInput {...common} label={t('usage.perMember')} placeholder="100 000" description={t('usage.perMemberHelp')} value={member} onChange={setMember} />
        <ErrorNote error={save.error} />
        <Button type="submit" loading={save.isPending}>{t('save', { ns: 'parts' })}</Button>
      </Stack>
    </form>
  )
}
