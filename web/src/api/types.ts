/** The wire types that the page uses, as the API's models define them. */
export type Status =
  | 'queued' | 'running' | 'clarify' | 'approve'
  | 'answered' | 'refused' | 'failed' | 'cancelled' | 'budget_exhausted'

export interface Step {
  run: number
  kind: string
  attempt: number
  status: 'running' | 'done' | 'failed' | 'cancelled'
  summary: string
  error?: string
  ms: number
  tries: number
  model?: string
  input_tokens?: number
  output_tokens?: number
}

export interface NumberCheck {
  text: string
  start: number
  end: number
  value: number
  proven: boolean
  row?: number
  column?: string
  fact?: string
}

export interface Chart {
  type: 'line' | 'area' | 'bar' | 'stacked_bar' | 'grouped_bar' | 'pie' | 'scatter' | 'heatmap' | 'single_value'
  title?: string
  x?: string
  y?: string[]
  series?: string
  x_type?: string
  horizontal?: boolean
  format?: string
}

export interface Prompt {
  kind: 'clarify' | 'approve'
  text: string
  choices?: string[]
}

export interface Question {
  id: string
  conversation_id: string
  connection_id: string
  question: string
  status: Status
  run: number
  run_id: string
  planner: string
  sql: string
  understanding: string
  text: string
  numbers: NumberCheck[] | null
  chart: Chart | null
  prompt?: Prompt | null
  error_code?: string
  error?: string
  ms: number
  created_at: string
  steps?: Step[]
}

export interface Column {
  name: string
  type: string
}

export type Cell = string | number | boolean | null | object

export interface Result {
  columns: Column[]
  rows: Cell[][]
  row_count: number
  truncated: boolean
}

export interface Conversation {
  id: string
  title: string
  connection_id: string
  updated_at: string
}

export interface Connection {
  id: string
  name: string
  kind: string
  host: string
  port: number
  database: string
  username: string
  tls_mode: string
  schemas: string[]
  sample: boolean
}

export interface ConnectionInput {
  name: string
  host: string
  port: number
  database: string
  username: string
  password: string
  tls_mode: string
  tls_ca: string
  schemas: string[]
  timeout_seconds: number
  max_rows: number
}

export interface Report {
  ok: boolean
  code?: string
  message: string
  server_version?: string
  tables: number
  warnings?: string[] | null
}

export interface CatalogColumn {
  name: string
  type: string
  comment?: string
  values?: string[]
}

export interface CatalogTable {
  schema: string
  name: string
  kind: string
  comment?: string
  rows: number
  columns: CatalogColumn[]
}

export interface Catalog {
  tables: CatalogTable[]
  taken_at: string
}

export interface Me {
  user: { id: string; name: string; email: string; has_password: boolean }
  org: { id: string; name: string }
  role: string
  permissions: string[]
  features: { planner: string; temporal_ui_url: string }
}

export interface Page<T> {
  items: T[] | null
  next_cursor: string
}
