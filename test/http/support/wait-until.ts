import { setTimeout as sleep } from 'node:timers/promises'

/** Longer than the time limit of a test, after which a wait in vain would keep the process of its file. */
const LIMIT_MS = 60_000

/** Waits until `holds`. */
export async function waitUntil(holds: () => boolean): Promise<void> {
  for (const end = performance.now() + LIMIT_MS; !holds(); await sleep(5))
    if (performance.now() > end) throw new Error('It did not come true in time')
}
