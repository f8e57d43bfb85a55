import type { Log } from '../../core/log.ts'
import type { ProducerSession } from './producer-session.ts'

/** Epochs are int16; the last one is not used (KIP-360). */
const LAST_EPOCH = 32_766
const RETRY_MS = 100
const WARN_EVERY = 20

/**
 * The producer id of the process. Partitions take it as it is; one that has given up a batch goes on under the next
 * epoch by itself, as brokers keep producer state partition by partition. A new id is asked only when epochs run out, or
 * when the state of a deleted topic was dropped here.
 */
export class ProducerSessions {
  readonly #init: () => Promise<ProducerSession>
  readonly #log: Log
  readonly #ready: () => void
  #current: ProducerSession | null = null
  #asking = false
  #wanted = false
  #failures = 0

  /** `ready` is called whenever a session has come that somebody asked for. */
  constructor(init: () => Promise<ProducerSession>, log: Log, ready: () => void) {
    this.#init = init
    this.#log = log
    this.#ready = ready
  }

  /** For partitions that have no session yet; null until {@link acquire} has succeeded. */
  get current(): ProducerSession | null {
    return this.#current
  }

  /** Asks until there is one. */
  acquire(): void {
    this.#wanted = true
    if (this.#asking) return
    this.#asking = true
    this.#init().then(
      session => {
        this.#asking = false
        this.#wanted = false
        this.#failures = 0
        this.#current = session
        this.#ready()
      },
      (error: unknown) => {
        // A cluster that has just started gives none for a moment; one that goes on so will never take a record.
        if (++this.#failures % WARN_EVERY === 0) {
          this.#log.warn({ cause: String(error), failures: this.#failures }, 'Kafka gives no producer id')
        }
        // Keeps `asking` until the pause is over, so that waiting partitions do not hammer the cluster.
        setTimeout(() => {
          this.#asking = false
          if (this.#wanted) this.acquire()
        }, RETRY_MS).unref()
      }
    )
  }

  /** The session that follows one in which a batch was given up; null until a new producer id has come. */
  after(session: ProducerSession): ProducerSession | null {
    if (session.epoch < LAST_EPOCH) return { producerId: session.producerId, epoch: session.epoch + 1 }
    if (this.#current !== null && this.#current.producerId !== session.producerId) return this.#current
    this.acquire()
    return null
  }

  /** Partitions that begin from now on get a new producer id. */
  retire(): void {
    this.#current = null
  }

  /** Asks no more. */
  close(): void {
    this.#wanted = false
  }
}
