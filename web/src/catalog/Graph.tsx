import { ActionIcon, Group } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { type PointerEvent, useEffect, useMemo, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { type Box, HEIGHT, type Picture } from './layout'
import { borders, centred, fitted, type View, zoomed } from './view'

const CLICK_PX = 4 // a pointer that moves less is a click
const READABLE = 0.55 // below that scale only the names of the most joined tables are written, larger
const LANDMARKS = 14

interface Props { picture: Picture; found?: string; onOpen: (box: Box) => void }

/** Boxes and lines to move, zoom and open. A table that is pointed at shows what it is joined with. */
export function Graph({ picture, found, onOpen }: Props) {
  const { t } = useTranslation('catalog')
  const { ref, width, height } = useElementSize<HTMLDivElement>()
  const svg = useRef<SVGSVGElement>(null)
  const [moved, setMoved] = useState<Record<string, { x: number; y: number }>>({})
  const [chosen, setView] = useState<View | null>(null)
  const [hovered, setHovered] = useState<string | null>(null)
  const drag = useRef<{ id: string | null; x: number; y: number; far: boolean } | null>(null)

  const boxes = useMemo(() => new Map(picture.boxes.map((b) => [b.id, { ...b, ...moved[b.id] }])), [picture, moved])
  const whole = useMemo(() => fitted(picture.boxes, width, height), [picture, width, height])
  const target = found && boxes.get(found)
  const view = chosen ?? whole
  const active = hovered ?? found ?? null
  const near = useMemo(() => {
    if (!active) return null
    return new Set([active, ...picture.lines.flatMap((l) => (l.from === active ? [l.to] : l.to === active ? [l.from] : []))])
  }, [active, picture])
  const landmarks = useMemo(() => landmarksOf(picture, whole.scale), [picture, whole])

  const [shown, setShown] = useState<string | undefined>()
  if (shown !== found) { // a table that was looked for comes to the middle
    setShown(found)
    if (target) setView(centred(target, width, height))
  }

  useEffect(() => { // React listens to the wheel passively, which would scroll the page
    const element = svg.current
    if (!element) return
    const onWheel = (event: WheelEvent) => {
      event.preventDefault()
      const at = element.getBoundingClientRect()
      setView((v) => zoomed(v ?? whole, Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0015)), event.clientX - at.left, event.clientY - at.top))
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  }, [whole])

  const down = (event: PointerEvent<SVGElement>, id: string | null) => {
    if (event.button !== 0) return
    event.stopPropagation()
    svg.current?.setPointerCapture(event.pointerId)
    drag.current = { id, x: event.clientX, y: event.clientY, far: false }
  }
  const move = (event: PointerEvent) => {
    const d = drag.current
    if (!d) return
    const dx = event.clientX - d.x
    const dy = event.clientY - d.y
    if (!d.far && Math.hypot(dx, dy) < CLICK_PX) return
    drag.current = { ...d, x: event.clientX, y: event.clientY, far: true }
    const box = d.id && boxes.get(d.id)
    if (box) setMoved((all) => ({ ...all, [box.id]: { x: box.x + dx / view.scale, y: box.y + dy / view.scale } }))
    else setView({ ...view, x: view.x + dx, y: view.y + dy })
  }
  const up = () => {
    const d = drag.current
    drag.current = null
    const box = d?.id && !d.far && boxes.get(d.id)
    if (box) onOpen(box)
  }
  const zoom = (factor: number) => setView(zoomed(view, factor, width / 2, height / 2))
  const readable = view.scale >= READABLE
  return (
    <div ref={ref} className="graph" data-testid="graph">
      <svg ref={svg} width={width} height={height} role="group" aria-label={t('graph')} onPointerDown={(e) => down(e, null)} onPointerMove={move} onPointerUp={up} onPointerCancel={() => { drag.current = null }}>
        <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
          {picture.lines.map((line) => {
            const from = boxes.get(line.from)
            const to = boxes.get(line.to)
            if (!from || !to) return null
            const lit = active === line.from || active === line.to
            return <path key={line.id} d={borders(from, to)} className="graph-line" data-lit={lit || undefined} data-dim={(near && !lit) || undefined} data-inferred={line.inferred || undefined}><title>{line.title}</title></path>
          })}
          {[...boxes.values()].map((box) => (
            <g key={box.id} role="link" tabIndex={0} aria-label={box.name} className="graph-box" data-kind={box.kind} data-lit={box.id === active || undefined} data-dim={(near && !near.has(box.id)) || undefined}
              transform={`translate(${box.x} ${box.y})`} onPointerDown={(e) => down(e, box.id)} onPointerEnter={() => setHovered(box.id)} onPointerLeave={() => setHovered(null)}
              onFocus={() => setHovered(box.id)} onBlur={() => setHovered(null)} onKeyDown={(e) => { if (e.key === 'Enter') onOpen(box) }}>
              <rect x={-box.width / 2} y={-HEIGHT / 2} width={box.width} height={HEIGHT} rx={6} />
              {readable && <text dy="0.35em">{box.name}</text>}
            </g>
          ))}
          {!readable && [...boxes.values()].filter((b) => (near ? near.has(b.id) : landmarks.has(b.id))).map((box) => (
            <text key={box.id} className="graph-landmark" x={box.x} y={box.y} dy="0.35em" fontSize={12 / view.scale} strokeWidth={4 / view.scale} aria-hidden>{box.name}</text>
          ))}
        </g>
      </svg>
      <Group gap={4} className="graph-buttons">
        <ActionIcon variant="default" aria-label={t('zoomIn')} onClick={() => zoom(1.4)}>+</ActionIcon>
        <ActionIcon variant="default" aria-label={t('zoomOut')} onClick={() => zoom(1 / 1.4)}>−</ActionIcon>
        <ActionIcon variant="default" aria-label={t('zoomFit')} onClick={() => setView(null)}>⤢</ActionIcon>
      </Group>
    </div>
  )
}

/** The most joined tables whose names, in the size of the screen, do not cover each other. */
function landmarksOf(picture: Picture, scale: number): Set<string> {
  const taken: Box[] = []
  for (const box of [...picture.boxes].sort((a, b) => b.degree - a.degree)) {
    if (taken.length === LANDMARKS || box.degree < 2) break
    const free = taken.every((o) => Math.abs(o.x - box.x) * scale > (o.width + box.width) / 2 || Math.abs(o.y - box.y) * scale > HEIGHT / 2)
    if (free) taken.push(box)
  }
  return new Set(taken.map((b) => b.id))
}
