const MOST = 360
const CELL = 20 // the padding of a cell, as style.css has it
const ARROW = 16 // of a sorted column
const SPARE = 2 // widths are rounded

/** How many pixels a text takes. */
export type Measure = (text: string, bold: boolean) => number

/** As wide as the heading and nearly all cells need, in pixels. */
export function columnWidth(name: string, cells: string[], measure: Measure): number {
  const widths = cells.map((text) => measure(text, false)).sort((a, b) => b - a)
  const most = widths[Math.floor(cells.length * 0.05)] ?? 0
  return Math.min(MOST, Math.ceil(Math.max(measure(name, true) + ARROW, most)) + CELL + SPARE)
}

let fonts: { canvas: CanvasRenderingContext2D | null; family: string } | undefined

/** A text's width in the table's font. */
export function measure(text: string, bold: boolean): number {
  fonts ??= { canvas: document.createElement('canvas').getContext('2d'), family: getComputedStyle(document.body).fontFamily }
  if (!fonts.canvas) return text.length * 8
  fonts.canvas.font = `${bold ? 600 : 400} 14px ${fonts.family}`
  return fonts.canvas.measureText(text).width
}
