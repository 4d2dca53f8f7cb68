import { type Box, HEIGHT } from './layout'

/** Where the picture is on the screen. */
export interface View { x: number; y: number; scale: number }

const MARGIN = 24
const LEAST = 0.05
const MOST = 2.5

/** All boxes in the middle, hardly larger than life. */
export function fitted(boxes: Box[], width: number, height: number): View {
  if (!boxes.length || !width || !height) return { x: 0, y: 0, scale: 1 }
  const left = Math.min(...boxes.map((b) => b.x - b.width / 2))
  const right = Math.max(...boxes.map((b) => b.x + b.width / 2))
  const top = Math.min(...boxes.map((b) => b.y - HEIGHT / 2))
  const bottom = Math.max(...boxes.map((b) => b.y + HEIGHT / 2))
  const scale = Math.max(LEAST, Math.min(1.25, (width - 2 * MARGIN) / (right - left), (height - 2 * MARGIN) / (bottom - top)))
  return { x: width / 2 - (scale * (left + right)) / 2, y: height / 2 - (scale * (top + bottom)) / 2, scale }
}

/** One box in the middle, readable. */
export function centred(box: Box, width: number, height: number): View {
  return { x: width / 2 - box.x, y: height / 2 - box.y, scale: 1 }
}

/** Larger or smaller, with the point under the pointer staying where it is. */
export function zoomed(view: View, factor: number, x: number, y: number): View {
  const scale = Math.min(MOST, Math.max(LEAST, view.scale * factor))
  const by = scale / view.scale
  return { x: x - (x - view.x) * by, y: y - (y - view.y) * by, scale }
}

/** The line from one box's border to the other's; a loop for a key to oneself. */
export function borders(from: Box, to: Box): string {
  if (from.id === to.id) {
    const x = from.x + from.width / 2
    return `M${x - 14} ${from.y - HEIGHT / 2} c0 -26 34 -26 14 12`
  }
  const [x1, y1] = border(from, to)
  const [x2, y2] = border(to, from)
  return `M${x1} ${y1} L${x2} ${y2}`
}

/** Where the line to another box leaves this one. */
function border(box: Box, other: Box): [number, number] {
  const dx = other.x - box.x
  const dy = other.y - box.y
  if (!dx && !dy) return [box.x, box.y]
  const by = Math.min(dx ? box.width / 2 / Math.abs(dx) : Infinity, dy ? HEIGHT / 2 / Math.abs(dy) : Infinity)
  return [round(box.x + dx * by), round(box.y + dy * by)]
}

const round = (n: number) => Math.round(n * 10) / 10
