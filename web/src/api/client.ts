/** An error answer of the API: a stable code, and a sentence for the person. */
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly requestId: string) {
    super(message)
  }
}

let refreshing: Promise<boolean> | null = null

/** Renews the session once, however many requests found it expired. */
function refresh(): Promise<boolean> {
  refreshing ??= fetch('/api/v1/auth/refresh', { method: 'POST' })
    .then((r) => r.ok, () => false)
    .finally(() => { refreshing = null })
  return refreshing
}

/** Sends one request to /api/v1 and returns its JSON; throws a Problem. */
export async function call<T>(method: string, path: string, body?: unknown, key?: string): Promise<T> {
  const headers: Record<string, string> = {}
  if (body !== undefined) headers['Content-Type'] = 'application/json'
  if (key) headers['Idempotency-Key'] = key
  const init: RequestInit = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }
  let response = await send(path, init)
  if (response.status === 401 && !path.startsWith('/auth/') && (await refresh())) {
    response = await send(path, init)
  }
  if (response.status === 401 && path === '/auth/me' && (await refresh())) {
    response = await send(path, init)
  }
  if (!response.ok) throw await problem(response)
  const text = await response.text()
  return (text ? JSON.parse(text) : undefined) as T
}

async function send(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch('/api/v1' + path, init)
  } catch {
    throw new Problem(0, 'offline', 'DataMind cannot be reached. Check that it runs; your questions go on without the page.', '')
  }
}

async function problem(response: Response): Promise<Problem> {
  const body = (await response.json().catch(() => ({}))) as { code?: string; detail?: string; title?: string; request_id?: string }
  return new Problem(response.status, body.code ?? 'internal', body.detail ?? body.title ?? 'Something went wrong.', body.request_id ?? '')
}

/** Renews the access cookie before a WebSocket is opened, which cannot do it itself. */
export async function ensureSession(): Promise<void> {
  await call('GET', '/auth/me')
}

export const keys = {
  me: ['me'] as const,
  conversations: ['conversations'] as const,
  questions: (conversation: string) => ['questions', conversation] as const,
  result: (question: string, run: number) => ['result', question, run] as const,
  connections: ['connections'] as const,
  catalog: (connection: string) => ['catalog', connection] as const,
  suggestions: (connection: string) => ['suggestions', connection] as const,
}
