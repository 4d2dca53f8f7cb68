import { expect, it } from 'vitest'
import { columnWidth } from './columnWidth'

// A font in which m is three times as wide as i.
const measure = (text: string, bold: boolean) => [...text].reduce((sum, c) => sum + (c === 'm' ? 15 : 5), 0) * (bold ? 1.1 : 1)

it('is as wide as the widest of few cells', () => {
  expect(columnWidth('n', ['mmmmmmmm', 'iiii'], measure)).toBe(8 * 15 + 22)
})

it('is wide enough for the heading and its arrow', () => {
  expect(columnWidth('mmmm', ['i'], measure)).toBe(Math.ceil(4 * 15 * 1.1 + 16) + 22)
})

it('finds the widest, wherever it is', () => {
  expect(columnWidth('n', [...Array<string>(15).fill('iiii'), 'mmmi', 'iiiiii'], measure)).toBe(50 + 22)
})

it('leaves a few very long cells out, and none is endless', () => {
  expect(columnWidth('n', [...Array<string>(98).fill('mm'), 'm'.repeat(20), 'm'.repeat(20)], measure)).toBe(2 * 15 + 22)
  expect(columnWidth('n', ['m'.repeat(100)], measure)).toBe(360)
})

it('needs no cells', () => {
  expect(columnWidth('iiii', [], measure)).toBe(22 + 16 + 22)
})
