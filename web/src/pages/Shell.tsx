import { AppShell, Badge, Burger, Button, Group, Loader, NavLink, ScrollArea, Stack, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, Navigate, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { call, keys, Problem } from '../api/client'
import type { Conversation, Me, Page } from '../api/types'
import { ErrorNote } from '../parts/ErrorNote'

/** The frame of every signed-in page: conversations, connections, who is signed in. */
export function Shell() {
  const [open, { toggle, close }] = useDisclosure()
  const me = useQuery({ queryKey: keys.me, queryFn: () => call<Me>('GET', '/auth/me'), staleTime: 60_000 })
  const { pathname } = useLocation()
  const conversations = useQuery({
    queryKey: keys.conversations,
    queryFn: () => call<Page<Conversation>>('GET', '/conversations?limit=50'),
    enabled: me.isSuccess,
  })

  if (me.error instanceof Problem && me.error.status === 401) return <Navigate to="/sign-in" />
  if (me.error) return <ErrorNote error={me.error} />
  if (!me.data) return <Loader m="xl" aria-label="Loading" />

  return (
    <AppShell header={{ height: { base: 52, sm: 0 } }} navbar={{ width: 270, breakpoint: 'sm', collapsed: { mobile: !open } }} padding="md">
      <AppShell.Header hiddenFrom="sm">
        <Group h="100%" px="md"><Burger opened={open} onClick={toggle} size="sm" aria-label="Menu" /><Text fw={700}>DataMind</Text></Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm">
        <Group justify="space-between" mb="sm" visibleFrom="sm"><Text fw={700} size="lg">DataMind</Text><Badge variant="light">{me.data.org.name}</Badge></Group>
        <Button component={Link} to="/" mb="xs" onClick={close}>New question</Button>
        <NavLink component={Link} to="/connections" label="Connections" active={pathname === '/connections'} onClick={close} />
        <Text size="xs" c="dimmed" mt="sm" mb={4} px="sm">Conversations</Text>
        <ScrollArea style={{ flex: 1 }}>
          {conversations.data?.items?.map((c) => (
            <NavLink key={c.id} component={Link} to={`/conversations/${c.id}`} label={c.title} active={pathname.endsWith(c.id)} onClick={close} />
          ))}
          {conversations.data && !conversations.data.items?.length && <Text size="sm" c="dimmed" px="sm">None yet.</Text>}
        </ScrollArea>
        <Person me={me.data} onNavigate={close} />
      </AppShell.Navbar>
      <AppShell.Main><Outlet /></AppShell.Main>
    </AppShell>
  )
}

function Person({ me, onNavigate }: { me: Me; onNavigate: () => void }) {
  const navigate = useNavigate()
  const queries = useQueryClient()
  const signOut = async () => {
    await call('POST', '/auth/logout').catch(() => undefined)
    queries.clear()
    await navigate({ to: '/sign-in' })
  }
  return (
    <Stack gap={4} pt="sm" style={{ borderTop: '1px solid var(--mantine-color-default-border)' }}>
      <Text size="sm" fw={600} truncate>{me.user.name}</Text>
      <Text size="xs" c="dimmed" truncate>{me.user.email} · {me.role}</Text>
      <Group gap="xs" grow>
        <Button size="xs" variant="default" component={Link} to="/profile" onClick={onNavigate}>Profile</Button>
        <Button size="xs" variant="default" onClick={() => void signOut()}>Sign out</Button>
      </Group>
    </Stack>
  )
}
