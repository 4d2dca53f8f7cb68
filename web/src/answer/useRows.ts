import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { allRowsQuery } from '../api/queries'
import type { Cell, Result } from '../api/types'

interface Rows {
  rows: Cell[][]
  /** Whether every stored row is here. */
  complete: boolean
  loading: boolean
  error: Error | null
  /** Fetches the rest, once somebody sorts, filters or scrolls that far. */
  want: () => void
}

/** The rows of a result: the first page at once, all of them when they are wanted. */
export function useRows(question: string, run: number, first: Result): Rows {
  const [wanted, setWanted] = useState(false)
  const complete = first.rows.length >= first.row_count
  const all = useQuery({ ...allRowsQuery(question, run, first), enabled: wanted && !complete })
  return {
    rows: all.data ?? first.rows, complete: complete || !!all.data, loading: all.isFetching, error: all.error,
    want: () => { if (!wanted) setWanted(true) },
  }
}
