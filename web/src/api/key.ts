/** A fresh idempotency key. (crypto.randomUUID is missing on plain-HTTP addresses other than localhost.) */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}
