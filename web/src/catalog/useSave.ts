import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { catalogKey } from '../api/catalog'

/** Stores something that is said of a database; what shows it is read again. */
export function useSave(connection: string, onDone: () => void): { save: (work: () => Promise<unknown>) => Promise<void>; busy: boolean; error: Error | null } {
  const queries = useQueryClient()
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<Error | null>(null)
  const save = async (work: () => Promise<unknown>) => {
    setBusy(true)
    setError(null)
    try {
      await work()
      await queries.invalidateQueries({ queryKey: catalogKey(connection) })
      onDone()
    } catch (e) {
      setError(e as Error)
      setBusy(false)
    }
  }
  return { save, busy, error }
}
