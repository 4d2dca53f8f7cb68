import { Alert, AppShell, Badge, Burger, Button, Center, Group, Kbd, NavLink, Stack, Text, UnstyledButton } from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { Suspense, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { useTranslation } from 'react-i18next'
import { api, reach, unwrap } from '../api/client'
import { meQuery } from '../api/queries'
import type { Me } from '../api/types'
import { lazyPart } from '../parts/lazyPage'
import { Conversations } from './Conversations'
import { Frame } from './Frame'
import { isNew, setSeen } from './seen'
import { PAGES } from './pages'
import { ErrorNote } from '../parts/ErrorNote'

const loadPalette = () => import('./Palette')
const PALETTE_AFTER_MS = 3000 // the first view comes before it

const Organisations = lazyPart(() => import('./Organisations'))
const Palette = lazyPart(loadPalette)
const Tour = lazyPart(() => import('./Tour'))

/** The frame of every signed-in page: conversations, connections, who is signed in. */
export function Shell() {
  const { t } = useTranslation('shell')
  const [open, { toggle, close }] = useDisclosure()
  const [finding, palette] = useDisclosure()
  const [touring, tour] = useDisclosure()
  useHotkeys([['mod+K', palette.open]], [])
  const [fresh, setFresh] = useState(isNew)
  const reachable = useReachable()
  const me = useQuery({ ...meQuery, refetchInterval: reachable ? false : 2000 })
  const { pathname } = useLocation()
  useEffect(() => {
    const later = setTimeout(() => loadPalette().catch(() => undefined), PALETTE_AFTER_MS)
    return () => clearTimeout(later)
  }, [])

  if (!me.data) {
    if (!me.error) return <Frame />
    return <Center mih="100vh" p="md"><ErrorNote error={me.error} onRetry={() => void me.refetch()} /></Center>
  }
  return (
    <AppShell header={{ height: { base: 52, sm: 0 } }} navbar={{ width: 270, breakpoint: 'sm', collapsed: { mobile: !open } }} padding="md">
      <AppShell.Header hiddenFrom="sm">
        <Group h="100%" px="md"><Burger opened={open} onClick={toggle} size="sm" aria-label={t('menu')} aria-expanded={open} /><Text fw={700}>DataMind</Text></Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm">
        <Group justify="space-between" mb="sm" wrap="nowrap"><Text fw={700} size="lg" visibleFrom="sm">DataMind</Text><Organisation me={me.data} /></Group>
        <Button component={Link} to="/" mb="xs" onClick={close}>{t('page.ask')}</Button>
        <UnstyledButton className="find" onClick={palette.open}><Text size="sm" c="dimmed">{t('find')}</Text><Kbd size="xs">{t('findKeys')}</Kbd></UnstyledButton>
        <nav aria-label={t('menu')}>
          {PAGES.filter((p) => p.to !== '/' && (!p.needs || me.data.permissions.includes(p.needs))).map((p) => (
            <NavLink key={p.to} component={Link} to={p.to} label={t(`page.${p.name}`)} active={pathname.startsWith(p.to)} onClick={close} />
          ))}
        </nav>
        <Conversations onNavigate={close} />
        <Person me={me.data} onNavigate={close} onTour={() => { close(); tour.open() }} />
      </AppShell.Navbar>
      <AppShell.Main>
        {!reachable && <Alert color="yellow" mb="md" role="status" title={t('unreachable')}>{t('tryingAgain')}</Alert>}
        {fresh && pathname === '/' && (
          <Group gap="xs" justify="center" mb="xs" data-testid="tour-offer">
            <Text size="sm">{t('tour.new')}</Text>
            <Button size="compact-sm" variant="light" onClick={() => { setFresh(false); tour.open() }}>{t('tour.take')}</Button>
            <Button size="compact-sm" variant="subtle" color="gray" onClick={() => { setSeen(); setFresh(false) }}>{t('tour.no')}</Button>
          </Group>
        )}
        <Outlet />
        <Suspense>{touring && <Tour opened onClose={tour.close} />}{finding && <Palette opened onClose={palette.close} />}</Suspense>
      </AppShell.Main>
    </AppShell>
  )
}

function Organisation({ me }: { me: Me }) {
  const name = <Badge variant="default" tt="none" maw={150}>{me.org.name}</Badge>
  return me.organisations.length > 1 ? <Suspense fallback={name}><Organisations me={me} /></Suspense> : name
}

/** Whether the server answers; when it comes back, what is on the page is read again. */
function useReachable(): boolean {
  const queries = useQueryClient()
  const reachable = useSyncExternalStore(reach.subscribe, reach.get)
  const before = useRef(reachable)
  useEffect(() => {
    if (reachable && !before.current) void queries.invalidateQueries()
    before.current = reachable
  }, [reachable, queries])
  return reachable
}

function Person({ me, onNavigate, onTour }: { me: Me; onNavigate: () => void; onTour: () => void }) {
  const { t } = useTranslation('shell')
  const navigate = useNavigate()
  const queries = useQueryClient()
  const [error, setError] = useState<Error | null>(null)
  const signOut = async () => {
    try {
      await unwrap(api.POST('/api/v1/auth/logout'))
    } catch (e) { // saying "signed out" while the session goes on would be wrong
      setError(e as Error)
      return
    }
    await navigate({ to: '/sign-in' })
    queries.clear()
  }
  return (
    <Stack gap={4} pt="sm" style={{ borderTop: '1px solid var(--mantine-color-default-border)' }}>
      <ErrorNote error={error} />
      <Text size="sm" fw={600} truncate data-testid="person-name">{me.user.name}</Text>
      <Text size="xs" c="dimmed" truncate data-testid="person-email">{me.user.email} · {t(`role.${me.role}`)}</Text>
      {!me.user.has_password && <Text size="xs" className="warning">{t('noPassword')}</Text>}
      <Group gap={4} grow preventGrowOverflow={false}>
        <Button size="xs" px={4} variant="default" component={Link} to="/settings/profile" onClick={onNavigate}>{t('profile')}</Button>
        <Button size="xs" px={4} variant="default" onClick={onTour}>{t('tour.open')}</Button>
        <Button size="xs" px={4} variant="default" onClick={() => void signOut()}>{t('signOut')}</Button>
      </Group>
    </Stack>
  )
}
