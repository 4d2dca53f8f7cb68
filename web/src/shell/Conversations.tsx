import { Button, CloseButton, NavLink, ScrollArea, SegmentedControl, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { conversationsQuery, foundConversationsQuery, type Which } from '../api/queries'

/** The conversations, one's own or those that others share; searched by their titles and questions. */
export function Conversations({ onNavigate }: { onNavigate: () => void }) {
  const { t } = useTranslation('shell')
  const { pathname } = useLocation()
  const [text, setText] = useState('')
  const [of, setOf] = useState<Which['of']>('mine')
  const [q] = useDebouncedValue(text.trim(), 250)
  const own = useInfiniteQuery(conversationsQuery)
  const searching = q !== '' || of !== 'mine'
  const found = useInfiniteQuery({ ...foundConversationsQuery({ q, of }), enabled: searching, placeholderData: keepPreviousData })
  const list = searching ? found : own
  const items = list.data?.pages.flatMap((p) => p.items)
  return (
    <>
      <Text size="xs" c="dimmed" mt="sm" mb={4} px="sm" id="conversations">{t('conversations')}</Text>
      <TextInput size="xs" mb={6} aria-label={t('search')} placeholder={t('search')} value={text} onChange={(e) => setText(e.target.value)}
        rightSection={text && <CloseButton size="xs" aria-label={t('clear')} onClick={() => setText('')} />} />
      <SegmentedControl size="xs" mb={6} fullWidth value={of} onChange={(v) => setOf(v as Which['of'])} aria-label={t('which.label')}
        data={(['mine', 'shared', 'archived'] as const).map((value) => ({ value, label: t(`which.${value}`) }))} />
      <ScrollArea style={{ flex: 1 }} type="auto">
        <nav aria-labelledby="conversations">
          {items?.map((c) => (
            <NavLink key={c.id} component={Link} to={`/conversations/${c.id}`} hash={c.match?.question_id} label={c.title} description={c.match?.question !== c.title ? c.match?.question : undefined}
              active={pathname.endsWith(c.id)} onClick={onNavigate} noWrap title={c.title} />
          ))}
        </nav>
        {items?.length === 0 && <Text size="sm" c="dimmed" px="sm">{t(q ? 'nothingFound' : 'none')}</Text>}
        {list.isError && !items && <Text size="sm" c="dimmed" px="sm">{t('unreadable')}</Text>}
        {list.hasNextPage && <Button size="compact-sm" variant="subtle" fullWidth loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>{t('older')}</Button>}
      </ScrollArea>
    </>
  )
}
