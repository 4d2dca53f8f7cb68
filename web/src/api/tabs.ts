/** What a tab tells the browser's others, whose cookies are the same: somebody has signed in, or nobody is any more. */
export type Change = 'in' | 'out'

const NAME = 'datamind.session'
let channel: BroadcastChannel | undefined

export function announce(change: Change): void {
  if (typeof window === 'undefined' || !('BroadcastChannel' in window)) return
  channel ??= new BroadcastChannel(NAME)
  channel.postMessage(change)
}

/** Hears what other tabs announce. */
export function onAnnounced(hear: (change: Change) => void): void {
  if (!('BroadcastChannel' in window)) return
  channel ??= new BroadcastChannel(NAME)
  channel.addEventListener('message', (event: MessageEvent<Change>) => hear(event.data))
}
