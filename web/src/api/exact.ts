/** Digits that a double always keeps. */
const SAFE_DIGITS = 15

/**
 * Parses JSON; a number with more digits than JavaScript keeps comes as its text, where the browser tells
 * the source (all current ones do).
 */
export function parseExact(json: string): unknown {
  return JSON.parse(json, function (_key: string, value: unknown, context?: { source?: string }) {
    if (typeof value !== 'number' || !context?.source) return value
    const digits = context.source.replace(/e.*$/i, '').replace(/^-?0*\.?0*|\./g, '').length
    return digits > SAFE_DIGITS && String(value) !== context.source ? context.source : value
  } as (key: string, value: unknown) => unknown)
}
