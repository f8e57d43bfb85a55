import { parentPort, workerData } from 'node:worker_threads'
import { deriveKey, type PasswordHash } from './password-hash.ts'

/** What the main thread asks of the worker; it answers with the derived bytes, or null if they cannot be had. */
export interface DerivationJob {
  readonly hash: PasswordHash
  readonly password: string
}

/** Marks the thread that derives: this file is its own entry, so that it runs from sources and from a build. */
export const DERIVES = 'kafka-rest-gateway derives passwords'

if (parentPort !== null && workerData === DERIVES) {
  const port = parentPort
  port.on('message', ({ hash, password }: DerivationJob) => {
    let derived: Uint8Array | null = null
    try {
      derived = deriveKey(hash, password)
    } catch {
      // Out of memory: the main thread tells the caller to come again.
    }
    port.postMessage(derived)
  })
}

/** The file of the worker, as it is running now. */
export const workerFile = new URL(import.meta.url)
