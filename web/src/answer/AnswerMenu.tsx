import { ActionIcon, Menu } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import { IconDots } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import { useTranslation } from 'react-i18next'
import { modelsQuery } from '../api/queries'
import type { Question } from '../api/types'
import { plannerName } from './question'

interface Props {
  question: Question
  /** Asks again, of a model by its id; not there for those who may not. */
  onAgain?: (question: string, model?: string) => void
}

/** What else can be done with an answer. */
export function AnswerMenu({ question: q, onAgain }: Props) {
  const { t } = useTranslation('answer')
  const clipboard = useClipboard({ timeout: 2000 })
  const models = useQuery({ ...modelsQuery, enabled: !!onAgain })
  const others = [...(models.data?.models ?? []).filter((m) => m.enabled !== false), { id: 'builtin', name: plannerName('builtin') }]
  return (
    <Menu position="bottom-end" closeOnItemClick>
      <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={t('menu.label')} title={t('menu.label')}><IconDots size={18} /></ActionIcon></Menu.Target>
      <Menu.Dropdown>
        <Menu.Item closeMenuOnClick={false} onClick={() => clipboard.copy(`${location.origin}/conversations/${q.conversation_id}#${q.id}`)}>{t(clipboard.copied ? 'menu.copied' : 'menu.copyLink')}</Menu.Item>
        {onAgain && <Menu.Item onClick={() => onAgain(q.question)}>{t('again')}</Menu.Item>}
        {onAgain && <Menu.Label>{t('menu.againBy')}</Menu.Label>}
        {onAgain && others.map((m) => <Menu.Item key={m.id} onClick={() => onAgain(q.question, m.id)}>{m.name}</Menu.Item>)}
      </Menu.Dropdown>
    </Menu>
  )
}
