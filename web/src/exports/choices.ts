import type { Export } from '../api/types'

export const FORMATS: Export['format'][] = ['csv', 'xlsx', 'jsonl', 'parquet', 'tsv']
export const COMPRESSIONS: Export['compression'][] = ['none', 'gzip', 'zstd']

/** The colours of an export's status. */
export const COLORS: Record<Export['status'], string> = { queued: 'gray', running: 'blue', paused: 'yellow', done: 'teal', failed: 'red', cancelled: 'gray', expired: 'gray' }
