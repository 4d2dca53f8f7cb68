import { describe, expect, it } from 'vitest'
import { fromCron, toCron, weekdayName } from './schedule'

describe('schedules', () => {
  it.each(['* * * * *', '*/5 * * * *', '30 * * * *', '0 8 * * *', '15 17 * * 1-5', '0 9 * * 1', '0 9 * * 0', '5 6 15 * *', '0 8,20 * * *', '0 8 1 * 1'])('%s is the same when it comes back', (cron) => {
    expect(toCron(fromCron(cron))).toBe(cron)
  })
  it('knows what they are', () => {
    expect(fromCron('0 8 * * *').every).toBe('day')
    expect(fromCron('0 9 * * 7')).toMatchObject({ every: 'week', weekday: 0 })
    expect(fromCron('0 8,20 * * *').every).toBe('cron')
    expect(weekdayName(1, 'en')).toBe('Monday')
  })
})
