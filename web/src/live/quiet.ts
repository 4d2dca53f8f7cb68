import { useEffect, useState } from 'react'
import type { Live } from './reducer'

/** How long nothing may be heard before the page asks why. */
const QUIET_MS = 4000

/** What changes with all that is heard of a question, and with nothing else: a row that was only touched is no news. */
export function pulse({ question: q, last, lastText }: Live): string {
  return JSON.stringify([last, lastText, q.run, q.status, q.steps.map((s) => [s.kind, s.attempt, s.status, s.tries])])
}

/** Whether a pulse has stayed the same for a while. */
export function useQuiet(pulse: string): boolean {
  const [lasted, setLasted] = useState<string>()
  useEffect(() => {
    const timer = setTimeout(() => setLasted(pulse), QUIET_MS)
    return () => clearTimeout(timer)
  }, [pulse])
  return lasted === pulse
}
