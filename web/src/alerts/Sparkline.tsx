import type { Alert } from '../api/types'

const W = 110, H = 28, PAD = 3

/** The last values as a line; runs that fired are dots. */
export function Sparkline({ points }: { points: Alert['recent'] }) {
  const known = points.flatMap(({ value, status }, i) => (value == null ? [] : [{ i, value, status }]))
  if (known.length < 2) return <svg width={W} height={H} aria-hidden />
  const values = known.map((p) => p.value)
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const x = (i: number) => PAD + (i / Math.max(points.length - 1, 1)) * (W - 2 * PAD)
  const y = (v: number) => (high === low ? H / 2 : H - PAD - ((v - low) / (high - low)) * (H - 2 * PAD))
  return (
    <svg width={W} height={H} viewBox={`0 0 ${W} ${H}`} aria-hidden>
      <polyline fill="none" stroke="var(--mantine-primary-color-filled)" strokeWidth={1.5} points={known.map((p) => `${x(p.i)},${y(p.value)}`).join(' ')} />
      {known.filter((p) => p.status === 'firing').map((p) => <circle key={p.i} cx={x(p.i)} cy={y(p.value)} r={2.5} fill="var(--mantine-color-red-6)" />)}
    </svg>
  )
}
