import { Deadline } from '../../core/deadline.ts'
import type { Log } from '../../core/log.ts'
import { causeText } from '../transport/transport-error.ts'
import type { MetadataCache } from './metadata-cache.ts'

const PROBE_MS = 1000
const ATTEMPT_LIMIT_MS = 5000
/** Readiness is lost when Kafka has not answered for so long. */
const READY_FOR_MS = 15_000
const PROBE_WHEN_READY_MS = 5000

/**
 * Keeps metadata fresh in the background and tells whether Kafka answers. Kafka may be down at the start: the probe goes
 * on until it is there.
 */
export class MetadataRefresher {
  readonly #cache: MetadataCache
  readonly #maxAgeMs: number
  readonly #log: Log
  #timer: NodeJS.Timeout | undefined
  #answeredAtMs = -Infinity
  #refreshedAtMs = -Infinity
  #closed = false
  /** The cause that was logged last; empty while Kafka answers. */
  #reported = ''

  constructor(cache: MetadataCache, maxAgeMs: number, log: Log) {
    this.#cache = cache
    this.#maxAgeMs = maxAgeMs
    this.#log = log
  }

  get ready(): boolean {
    return performance.now() - this.#answeredAtMs < READY_FOR_MS
  }

  /** Resolves after the first attempt, whatever its outcome. */
  async start(): Promise<void> {
    await this.#round()
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #report(cause: string): void {
    if (cause !== this.#reported) this.#log.error({ cause }, 'Kafka cannot be reached')
    this.#reported = cause
  }

  async #round(): Promise<void> {
    const startedMs = performance.now()
    const due = startedMs - this.#refreshedAtMs >= this.#maxAgeMs
    let pauseMs = Math.min(PROBE_WHEN_READY_MS, this.#maxAgeMs)
    try {
      if (due) {
        await this.#cache.refreshAll(Deadline.after(ATTEMPT_LIMIT_MS))
        this.#refreshedAtMs = startedMs
      } else await this.#cache.cluster(Deadline.after(ATTEMPT_LIMIT_MS))
      this.#answeredAtMs = performance.now()
      if (this.#reported !== '') this.#log.info({}, 'Kafka answers again')
      this.#reported = ''
    } catch (error) {
      this.#report(causeText(error))
      pauseMs = PROBE_MS
    }
    if (!this.#closed) this.#timer = setTimeout(() => void this.#round(), pauseMs).unref()
  }
}
