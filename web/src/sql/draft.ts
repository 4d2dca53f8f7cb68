import { useCallback, useState } from 'react'
import type { SavedQuery } from '../api/types'
import { type Field, fieldOf } from './parameters'

/** A run of this visit. */
export interface Run {
  id: string
  conversation: string
  sql: string
  fields: Field[]
  at: string
}

/** What one has before oneself, for one database: it survives a look at other pages, and ends with the tab. */
export interface Draft {
  sql: string
  fields: Field[]
  /** The saved query that was opened, as it is stored. */
  saved?: SavedQuery
  runs: Run[]
  /** The run that is shown. */
  shown?: string
}

const EMPTY: Draft = { sql: '', fields: [], runs: [] }
const MOST_RUNS = 50

/** The draft of a person and a database. */
export function useDraft(person: string, connection: string): [Draft, (change: (draft: Draft) => Draft) => void] {
  const key = `datamind.sql.${person}.${connection}`
  const [draft, setDraft] = useState<Draft>(() => read(key))
  const change = useCallback((how: (draft: Draft) => Draft) => setDraft((before) => {
    const after = how(before)
    write(key, after)
    return after
  }), [key])
  return [draft, change]
}

/** Keeps a draft that is about to be opened. */
export function openSaved(draft: Draft, saved: SavedQuery): Draft {
  return { ...draft, saved, sql: saved.sql, fields: saved.parameters.map(fieldOf) }
}

export function withRun(draft: Draft, run: Run): Draft {
  return { ...draft, shown: run.id, runs: [run, ...draft.runs.filter((r) => r.id !== run.id)].slice(0, MOST_RUNS) }
}

function read(key: string): Draft {
  try {
    return { ...EMPTY, ...(JSON.parse(sessionStorage.getItem(key) ?? '{}') as Partial<Draft>) }
  } catch {
    return EMPTY
  }
}

function write(key: string, draft: Draft): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(draft))
  } catch { /* full or forbidden: it lasts as long as the page */ }
}
