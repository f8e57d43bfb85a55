import { destination } from 'pino'
import type { Log } from '../core/log.ts'

/** Where audit lines go. */
export interface AuditStream {
  write(line: string): void
  close(): void
}

/** How often a stream that fails is complained of. */
const COMPLAINT_PAUSE_MS = 60_000

/**
 * Appends lines to a file, or to standard output where `output` is `stdout`. Written before the call returns: what was
 * answered is on record even if the process dies. A full disk does not stop the gateway, but is said aloud.
 */
export function openAuditStream(output: string, log: Log): AuditStream {
  const stream =
    output === 'stdout'
      ? destination({ dest: 1, sync: true })
      : destination({ dest: output, sync: true, append: true, mkdir: true, mode: 0o600 })
  let complainedAtMs = -Infinity
  stream.on('error', (error: Error) => {
    if (performance.now() - complainedAtMs < COMPLAINT_PAUSE_MS) return
    complainedAtMs = performance.now()
    log.error({ err: error, output }, 'THE AUDIT LOG CANNOT BE WRITTEN: requests go on without being recorded')
  })
  return {
    write: line => void stream.write(line),
    close: () => stream.end()
  }
}
