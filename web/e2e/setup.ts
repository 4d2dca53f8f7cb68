import type { TestProject } from 'vitest/node'
import { type Address, buildModel, Server } from './server'

declare module 'vitest' {
  export interface ProvidedContext { server: Address }
}

/** Starts the server that all files share; stops it and removes its data at the end, whatever happened. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await Server.make()
  process.once('exit', () => server.abandon())
  try {
    await Promise.all([server.start(), process.env.SCREENSHOTS ? null : buildModel()])
  } catch (error) {
    await server.remove()
    throw error
  }
  project.provide('server', server.address)
  return () => server.remove()
}
