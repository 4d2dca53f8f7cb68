import { expect, it } from 'vitest'
import { grouped } from './actions'

it('groups actions, with a choice of all where there are several', () => {
  expect(grouped(['model.create', 'model.delete', 'catalog.read'])).toEqual([
    { group: 'model', items: ['model.', 'model.create', 'model.delete'] }, { group: 'catalog', items: ['catalog.read'] },
  ])
})
