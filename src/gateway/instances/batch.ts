import { Deadline } from '../../core/deadline.ts'
import { within } from '../../core/lib/within.ts'
import type { HeldPartition } from './held-partition.ts'

/** The records of one answer, until it is known whether the client has them. */
export class Batch {
  readonly #parts: readonly HeldPartition[]
  readonly #onSent: (parts: readonly HeldPartition[]) => void
  readonly #fate = Promise.withResolvers<void>()
  #isOpen = true

  constructor(parts: readonly HeldPartition[], onSent: (parts: readonly HeldPartition[]) => void) {
    this.#parts = parts
    this.#onSent = onSent
  }

  /** Resolves when the client has it, or does not get it. */
  get fate(): Promise<void> {
    return this.#fate.promise
  }

  /** The last byte was handed over. */
  sent(): void {
    if (!this.#end()) return
    for (const held of this.#parts) held.close()
    this.#onSent(this.#parts)
  }

  /** The answer ended before its last byte: the client gets the records once more. */
  lost(): void {
    if (this.#end()) for (const held of this.#parts) held.rewind()
  }

  /** Waits for the one or the other; takes it for lost at the deadline. */
  async settled(limitMs: number): Promise<void> {
    if (!this.#isOpen) return
    await within(Deadline.after(limitMs), this.#fate.promise, () => new Error('not in time')).catch(() => this.lost())
  }

  #end(): boolean {
    const wasOpen = this.#isOpen
    this.#isOpen = false
    this.#fate.resolve()
    return wasOpen
  }
}

/** For the answer before to be taken by the client, whose next call has come. */
const ANSWER_LIMIT_MS = 100

/** What the polls of an instance deliver, one after the other. */
export class Deliveries {
  #batch: Batch | undefined
  #delivering: Promise<unknown> = Promise.resolve()

  /** Runs the part of a poll that delivers. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const delivered = work()
    this.#delivering = delivered.catch(() => undefined)
    return delivered
  }

  /** Takes note of an answer that is about to be sent. */
  begin(parts: readonly HeldPartition[], onSent: () => void): Batch {
    return (this.#batch = new Batch(parts, onSent))
  }

  /** Resolves when it is known whether the client has the answer before. */
  async previousAnswer(): Promise<void> {
    await this.#batch?.settled(ANSWER_LIMIT_MS)
  }

  /** Resolves when what is being delivered now is over, and it is known whether the client has it. */
  async over(): Promise<void> {
    await this.#delivering
    await this.#batch?.fate
  }
}
