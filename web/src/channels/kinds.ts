import type { Channel, ChannelInput } from '../api/types'

export type Kind = ChannelInput['kind']
export type Settings = NonNullable<ChannelInput['settings']>

/** The kinds in the order in which they are offered, with the names that their services have everywhere. */
export const KINDS: Record<Kind, { label?: string; mark: string; colour: string; secret: string }> = {
  email: { mark: '@', colour: 'blue', secret: '' },
  slack: { label: 'Slack', mark: '#', colour: 'grape', secret: 'https://hooks.slack.com/services/T…/B…/…' },
  teams: { label: 'Microsoft Teams', mark: 'T', colour: 'indigo', secret: 'https://….logic.azure.com/workflows/…' },
  discord: { label: 'Discord', mark: 'D', colour: 'violet', secret: 'https://discord.com/api/webhooks/…' },
  pagerduty: { label: 'PagerDuty', mark: 'P', colour: 'teal', secret: 'R0123456789ABCDEF0123456789ABCDE' },
  telegram: { label: 'Telegram', mark: '➤', colour: 'cyan', secret: '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw' },
  webhook: { mark: '{}', colour: 'gray', secret: '' },
}

/** Everything that the form holds; only what belongs to its kind is sent. */
export interface Form {
  kind: Kind
  name: string
  host: string
  port: string
  tls: 'starttls' | 'tls' | 'plain'
  username: string
  from: string
  fromName: string
  to: string[]
  bot: boolean
  room: string
  region: 'us' | 'eu'
  url: string
  secret: string
}

/** The ports that go with a way of encrypting. */
export const PORTS = { starttls: '587', tls: '465', plain: '25' } as const

export function start(kind: Kind, channel?: Channel): Form {
  const s = channel?.settings ?? {}
  return {
    kind, name: channel?.name ?? KINDS[kind].label ?? '', host: s.host ?? '', port: s.port ? String(s.port) : PORTS.starttls, tls: s.tls ?? 'starttls', username: s.username ?? '',
    from: s.from ?? '', fromName: s.from_name ?? '', to: s.to ?? [], bot: !!s.room, room: s.room ?? '', region: s.region ?? 'us', url: s.url ?? '',
    secret: kind === 'webhook' && !channel ? secretWord() : '',
  }
}

/** A secret to sign with, for who has none. */
function secretWord(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24))
  return 'whsec_' + btoa(String.fromCharCode(...bytes)).replace(/[+/=]/g, (c) => ({ '+': '-', '/': '_' })[c] ?? '')
}

/** What of the form is no secret, by its kind. */
export function settingsOf(f: Form): Settings {
  switch (f.kind) {
    case 'email':
      return { host: f.host.trim(), port: Number(f.port) || undefined, tls: f.tls, username: f.username.trim() || undefined, from: f.from.trim(), from_name: f.fromName.trim() || undefined, to: f.to }
    case 'slack': return f.bot ? { room: f.room.trim() } : {}
    case 'pagerduty': return { region: f.region }
    case 'telegram': return { to: f.to }
    case 'webhook': return { url: f.url.trim() }
    default: return {}
  }
}

/** Where a channel leads, in a few words. */
export function place(c: Channel): string {
  const s = c.settings
  if (!s) return ''
  const to = s.to ?? []
  const people = to.length > 2 ? `${to.slice(0, 2).join(', ')} +${to.length - 2}` : to.join(', ')
  return [people, s.room, s.url, s.region?.toUpperCase(), s.hint, s.host].filter(Boolean).slice(0, 2).join(' · ')
}
