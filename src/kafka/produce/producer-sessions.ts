import { RepeatedWarnings } from '../../core/lib/repeated-warnings.ts'
import type { Log } from '../../core/log.ts'
import { KafkaFailure } from '../kafka-failure.ts'
import { notStored, type ProduceFailure } from './failures.ts'

/** Producer id and epoch that one partition numbers its batches under. */
export interface ProducerSession {
  readonly producerId: bigint
  readonly epoch: number
}

/** Epochs are int16; the last one is not used (KIP-360). */
const LAST_EPOCH = 32_766
const RETRY_MS = 100
/** Longer, because only people change permissions. */
const REFUSED_RETRY_MS = 5000
const WARNING = 'Kafka gives no producer id'

/**
 * The producer id of the process. Partitions take it as it is; one that has given up a batch goes on in the next epoch by
 * itself, because brokers keep producer state partition by partition. A new id is asked for only when epochs run out.
 */
export class ProducerSessions {
  readonly #init: () => Promise<ProducerSession>
  readonly #warnings: RepeatedWarnings
  readonly #changed: () => void
  #current: ProducerSession | null = null
  #refusal: ProduceFailure | null = null
  #asking = false
  #wanted = false

  /** Calls `changed` when a session has come that was asked for, and when Kafka has refused one. */
  constructor(init: () => Promise<ProducerSession>, log: Log, changed: () => void) {
    this.#init = init
    this.#warnings = new RepeatedWarnings(log)
    this.#changed = changed
  }

  /** For partitions that have no session yet; null until {@link acquire} has succeeded. */
  get current(): ProducerSession | null {
    return this.#current
  }

  /** Why there is no session, if Kafka does not let the gateway have one. */
  get refusal(): ProduceFailure | null {
    return this.#refusal
  }

  /** Asks until there is one, or until Kafka refuses it; then asks again when called some seconds later. */
  acquire(): void {
    this.#wanted = true
    if (this.#asking) return
    this.#asking = true
    this.#init().then(
      session => {
        this.#asking = this.#wanted = false
        this.#refusal = null
        this.#current = session
        this.#warnings.over(WARNING, {}, 'Kafka gives producer ids again')
        this.#changed()
      },
      (error: unknown) => this.#failed(error)
    )
  }

  /** Returns the session after one in which a batch was given up; null until a new producer id has come. */
  after(session: ProducerSession): ProducerSession | null {
    if (session.epoch < LAST_EPOCH) return { producerId: session.producerId, epoch: session.epoch + 1 }
    if (this.#current !== null && this.#current.producerId !== session.producerId) return this.#current
    this.acquire()
    return null
  }

  /**
   * The partition of this session is forgotten, but its broker may remember the sequence numbers: partitions that begin
   * from now on, a later one of that name among them, begin in a later epoch, which overrides them.
   */
  retire({ producerId, epoch }: ProducerSession): void {
    const current = this.#current
    if (current === null || current.producerId !== producerId || current.epoch > epoch) return
    this.#current = epoch < LAST_EPOCH ? { producerId, epoch: epoch + 1 } : null
  }

  /** Stops asking. */
  close(): void {
    this.#wanted = false
  }

  #failed(error: unknown): void {
    this.#refusal =
      error instanceof KafkaFailure && error.kind === 'refused' ? notStored('refused', error.message) : null
    const cause = error instanceof KafkaFailure ? (error.detail ?? error.message) : String(error)
    this.#warnings.warn(WARNING, { cause }, WARNING)
    if (this.#refusal !== null) this.#wanted = false
    // No deadline ends this, so `untilDeadline` does not fit. `#asking` stays set: partitions that wait do not ask in between.
    const pauseMs = this.#refusal === null ? RETRY_MS : REFUSED_RETRY_MS
    setTimeout(() => {
      this.#asking = false
      if (this.#wanted) this.acquire()
    }, pauseMs).unref()
    this.#changed()
  }
}
