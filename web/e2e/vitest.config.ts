import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { defineConfig } from 'vitest/config'

/** By name: the first run is only once the first, and the crash comes late. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((a, b) => a.moduleId.localeCompare(b.moduleId))
  }
}

/** Journeys in a real browser, on a real server that all files share. */
export default defineConfig({
  root: import.meta.dirname,
  test: {
    include: process.env.BENCH ? ['../../bench/web/page.ts'] : process.env.SCREENSHOTS ? ['screenshots.ts'] : ['*.test.ts'],
    sequence: { sequencer: ByName },
    globalSetup: 'setup.ts', fileParallelism: false, isolate: false,
    testTimeout: 40_000, hookTimeout: 90_000, slowTestThreshold: 10_000,
  },
})
