const BROWSERS: [RegExp, string][] = [
  [/\bEdgA?\//, 'Edge'], [/\bOPR\//, 'Opera'], [/\bSamsungBrowser\//, 'Samsung Internet'], [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|HeadlessChrome)\//, 'Chrome'], [/\bSafari\//, 'Safari'], [/^datamind\b/i, 'DataMind'], [/^curl\//, 'curl'],
]
const SYSTEMS: [RegExp, string][] = [[/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Macintosh/, 'macOS'], [/CrOS/, 'ChromeOS'], [/Linux/, 'Linux']]

const find = (text: string, list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(text))?.[1]

/** What a User-Agent header says in short; its beginning where it is an unknown one. */
export function device(userAgent: string): { browser?: string; system?: string; other?: string } {
  const [browser, system] = [find(userAgent, BROWSERS), find(userAgent, SYSTEMS)]
  return browser || system ? { browser, system } : { other: userAgent.slice(0, 60) }
}
