import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until `holds`; the test's own time limit is what ends a wait in vain. */
export async function waitUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(5)
}
