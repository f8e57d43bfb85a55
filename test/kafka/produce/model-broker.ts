import type { Batch } from '../../../src/kafka/produce/batch.ts'

interface Appended {
  readonly producer: string
  readonly first: number
  readonly last: number
  readonly baseOffset: number
}

/** What a partition leader answers to a batch: an error code of Kafka's, and an offset where it is 0. */
export interface ModelAnswer {
  readonly errorCode: number
  readonly baseOffset: number
}

/**
 * The idempotence rules of a partition leader, small enough to be believed: it remembers the last five batches of a
 * producer, takes only the next sequence in an epoch, starts an epoch at 0 and fences older ones.
 */
export class ModelBroker {
  /** Identity of every record, by offset. */
  readonly log: string[] = []
  readonly #recent: Appended[] = []
  readonly #states = new Map<bigint, { epoch: number; last: number }>()
  readonly #invalid: (record: string) => boolean
  readonly #limitRecords: number

  constructor(options: { invalid?: (record: string) => boolean; limitRecords?: number } = {}) {
    this.#invalid = options.invalid ?? (() => false)
    this.#limitRecords = options.limitRecords ?? Infinity
  }

  receive(batch: Pick<Batch, 'sequence'>, producerId: bigint, epoch: number, records: readonly string[]): ModelAnswer {
    if (records.length > this.#limitRecords) return { errorCode: 10, baseOffset: -1 }
    if (records.some(record => this.#invalid(record))) return { errorCode: 87, baseOffset: -1 }
    const producer = `${producerId}/${epoch}`
    const first = batch.sequence
    const last = (first + records.length - 1) & 0x7fffffff
    const duplicate = this.#recent.find(
      each => each.producer === producer && each.first === first && each.last === last
    )
    if (duplicate !== undefined) return { errorCode: 0, baseOffset: duplicate.baseOffset }
    const state = this.#states.get(producerId)
    if (state !== undefined && epoch < state.epoch) return { errorCode: 47, baseOffset: -1 }
    const expected = state === undefined ? first : epoch > state.epoch ? 0 : (state.last + 1) & 0x7fffffff
    if (first !== expected) return { errorCode: 45, baseOffset: -1 }
    this.#states.set(producerId, { epoch, last })
    const baseOffset = this.log.length
    this.log.push(...records)
    this.#recent.push({ producer, first, last, baseOffset })
    if (this.#recent.length > 5) this.#recent.shift()
    return { errorCode: 0, baseOffset }
  }

  /** `producer.id.expiration.ms` has passed since the last write: any sequence number comes first again (KAFKA-15591). */
  forgetProducers(): void {
    this.#states.clear()
    this.#recent.length = 0
  }
}
