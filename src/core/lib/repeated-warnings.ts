import type { Log } from '../log.ts'

const PAUSE_MS = 60_000
/** Limit of the kinds. Beyond it the oldest is forgotten, and so begins anew. */
const KINDS = 1_000

interface Failure {
  readonly sinceMs: number
  silentUntilMs: number
  /** Failures since its last line. */
  suppressed: number
}

/**
 * Logs a repeated failure: one line when it begins, one a minute while it lasts, with the number left out, and one when it is
 * over.
 */
export class RepeatedWarnings {
  readonly #log: Log
  readonly #now: () => number
  readonly #level: 'warn' | 'error'
  readonly #failures = new Map<string, Failure>()

  constructor(log: Log, now: () => number = () => performance.now(), level: 'warn' | 'error' = 'warn') {
    this.#log = log
    this.#now = now
    this.#level = level
  }

  /**
   * Logs a failure, unless one of its kind was logged within a minute. Returns whether it did. `kind` tells failures apart: an
   * error code, or what failed and the broker.
   */
  warn(kind: string, fields: object, message: string): boolean {
    const nowMs = this.#now()
    const failure = this.#failures.get(kind) ?? this.#begin(kind, nowMs)
    if (nowMs < failure.silentUntilMs) {
      failure.suppressed++
      return false
    }
    const { suppressed } = failure
    failure.suppressed = 0
    failure.silentUntilMs = nowMs + PAUSE_MS
    this.#log[this.#level](suppressed === 0 ? fields : { ...fields, suppressed }, message)
    return true
  }

  /** Logs at info that the failure is over, and how long it lasted. Does nothing if there was none. */
  over(kind: string, fields: object, message: string): void {
    const failure = this.#failures.get(kind)
    if (failure === undefined) return
    this.#failures.delete(kind)
    const lastedMs = Math.round(this.#now() - failure.sinceMs)
    const { suppressed } = failure
    this.#log.info(suppressed === 0 ? { ...fields, lastedMs } : { ...fields, lastedMs, suppressed }, message)
  }

  #begin(kind: string, nowMs: number): Failure {
    if (this.#failures.size >= KINDS) {
      for (const oldest of this.#failures.keys()) {
        this.#failures.delete(oldest)
        break
      }
    }
    const failure = { sinceMs: nowMs, silentUntilMs: nowMs, suppressed: 0 }
    this.#failures.set(kind, failure)
    return failure
  }
}
