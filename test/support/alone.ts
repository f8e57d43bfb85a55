import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * For files whose tests fill both cores, or have a cluster of their own: of them one runs at a time, until its process ends. A
 * port is what they wait for, because it is free again however a process ends.
 */
export async function alone(): Promise<void> {
  const port = Number(process.env.KAFKA_REST_TEST_ALONE ?? 0)
  if (port !== 0) while (!(await isMine(port))) await sleep(100)
}

/** For files whose tests measure how long something takes, or how much memory: test/run.ts runs them last, one at a time. */
export const quiet = alone

function isMine(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const holder = createServer()
    holder.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error)
    )
    holder.listen(port, '127.0.0.1', () => resolve(true)).unref()
  })
}
