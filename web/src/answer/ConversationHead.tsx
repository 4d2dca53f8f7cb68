import { ActionIcon, Badge, Button, Group, Menu, Modal, Stack, Text, TextInput, Title } from '@mantine/core'
import { useClipboard, useDisclosure } from '@mantine/hooks'
import { IconDots } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { api, unwrap } from '../api/client'
import { conversationQuery, conversationsQuery } from '../api/queries'
import type { Conversation } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'
import { ReportDialog, useMayMakeReports } from '../reports/MakeReport'

/** A conversation's title, and what its owner can do with it. */
export function ConversationHead({ conversation: c, mine }: { conversation: Conversation; mine: boolean }) {
  const { t } = useTranslation('answer')
  const queries = useQueryClient()
  const clipboard = useClipboard({ timeout: 2000 })
  const [title, setTitle] = useState<string | null>(null)
  const [deleting, confirm] = useDisclosure()
  const [reporting, report] = useDisclosure()
  const mayReport = useMayMakeReports()
  const [error, setError] = useState<Error | null>(null)

  const change = async (body: { title?: string; archived?: boolean; shared?: boolean }) => {
    setError(null)
    try {
      queries.setQueryData(conversationQuery(c.id).queryKey, await unwrap(api.PATCH('/api/v1/conversations/{id}', { params: { path: { id: c.id } }, body })))
      setTitle(null)
      await queries.invalidateQueries({ queryKey: conversationsQuery.queryKey })
    } catch (e) {
      setError(e as Error)
    }
  }
  const rename = (event: FormEvent) => {
    event.preventDefault()
    if (title?.trim()) void change({ title: title.trim() })
  }
  return (
    <>
      <Group justify="space-between" wrap="nowrap" align="start">
        {title === null
          ? <Title order={1} size="h5" c="dimmed" fw={500} className="wrap">{c.title}</Title>
          : <form onSubmit={rename} style={{ flex: 1 }}>
              <Group gap="xs" wrap="nowrap">
                <TextInput style={{ flex: 1 }} aria-label={t('thread.title')} maxLength={200} autoFocus value={title} onChange={(e) => setTitle(e.target.value)} onKeyDown={(e) => e.key === 'Escape' && setTitle(null)} />
                <Button type="submit" size="xs" disabled={!title.trim()}>{t('save', { ns: 'parts' })}</Button>
              </Group>
            </form>}
        <Group gap="xs" wrap="nowrap">
          {c.shared && <Badge variant="default" miw="max-content">{t(mine ? 'thread.shared' : 'thread.readOnly')}</Badge>}
          {c.archived && <Badge variant="default" miw="max-content">{t('thread.archived')}</Badge>}
          <Menu position="bottom-end">
            <Menu.Target><ActionIcon variant="subtle" color="gray" aria-label={t('thread.menu')} title={t('thread.menu')}><IconDots size={18} /></ActionIcon></Menu.Target>
            <Menu.Dropdown>
              <Menu.Item closeMenuOnClick={false} onClick={() => clipboard.copy(`${location.origin}/conversations/${c.id}`)}>{t(clipboard.copied ? 'menu.copied' : 'menu.copyLink')}</Menu.Item>
              {mayReport && <Menu.Item onClick={report.open}>{t('thread.report')}</Menu.Item>}
              {mine && <Menu.Item onClick={() => setTitle(c.title)}>{t('thread.rename')}</Menu.Item>}
              {mine && <Menu.Item onClick={() => void change({ shared: !c.shared })}>{t(c.shared ? 'thread.unshare' : 'thread.share')}</Menu.Item>}
              {mine && <Menu.Item onClick={() => void change({ archived: !c.archived })}>{t(c.archived ? 'thread.unarchive' : 'thread.archive')}</Menu.Item>}
              {mine && <Menu.Item color="red" onClick={confirm.open}>{t('delete')}</Menu.Item>}
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Group>
      <ErrorNote error={error} />
      <ReportDialog source={{ conversation: c }} title={t('thread.report')} close={t('close', { ns: 'parts' })} opened={reporting} onClose={report.close} />
      <Deleting id={c.id} opened={deleting} onClose={confirm.close} />
    </>
  )
}

function Deleting({ id, opened, onClose }: { id: string; opened: boolean; onClose: () => void }) {
  const { t } = useTranslation('answer')
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [error, setError] = useState<Error | null>(null)
  const [busy, setBusy] = useState(false)
  const remove = async () => {
    setBusy(true)
    try {
      await unwrap(api.DELETE('/api/v1/conversations/{id}', { params: { path: { id } } }))
      await navigate({ to: '/' })
      await queries.invalidateQueries({ queryKey: conversationsQuery.queryKey })
    } catch (e) {
      setError(e as Error)
      setBusy(false)
    }
  }
  return (
    <Modal opened={opened} onClose={onClose} title={t('deleteTitle')} closeButtonProps={{ 'aria-label': t('close', { ns: 'parts' }) }}>
      <Stack>
        <Text size="sm">{t('deleteText')}</Text>
        <ErrorNote error={error} />
        <Group><Button color="red" loading={busy} onClick={() => void remove()}>{t('delete')}</Button><Button variant="default" onClick={onClose}>{t('cancel', { ns: 'parts' })}</Button></Group>
      </Stack>
    </Modal>
  )
}
