import type { Log } from '../../core/log.ts'
import type { Codec } from '../records/compression.ts'
import { encodeBatch, recordBytes } from '../records/encode-batch.ts'
import { BATCH_HEADER_BYTES } from '../records/layout.ts'
import { type Batch, unsentBatch } from './batch.ts'
import { encodingFailed } from './failures.ts'
import type { StickyPartition } from './partitioner.ts'
import { failRange, type RecordRange } from './pending-produce.ts'
import type { ProducePorts } from './ports.ts'
import type { ProducerSession } from './producer-sessions.ts'

export interface BatchOptions {
  /** Size at which a merged batch is closed. */
  readonly batchBytes: number
  readonly compression: Codec
  readonly deliveryTimeoutMs: number
}

/** Decides what goes into the batches of one topic, and encodes them. */
export class BatchFormer {
  readonly #topic: string
  readonly #sticky: StickyPartition
  readonly #ports: Pick<ProducePorts, 'maxMessageBytes' | 'peek' | 'meter'>
  readonly #options: BatchOptions
  readonly #log: Log

  constructor(
    topic: string,
    sticky: StickyPartition,
    ports: Pick<ProducePorts, 'maxMessageBytes' | 'peek' | 'meter'>,
    options: BatchOptions,
    log: Log
  ) {
    this.#topic = topic
    this.#sticky = sticky
    this.#ports = ports
    this.#options = options
    this.#log = log
  }

  /** Makes a batch of the first ranges of `waiting`, and removes them. Returns null if there are none. */
  next(partition: number, waiting: RecordRange[], session: ProducerSession, sequence: number): Batch | null {
    this.#sticky.closed(partition)
    while (waiting.length > 0) {
      const ranges = this.#cut(waiting)
      try {
        return this.#measured(this.#encoded(ranges, session, sequence))
      } catch (error) {
        this.#log.error({ topic: this.#topic, err: error }, 'A record batch could not be encoded')
        for (const range of ranges) failRange(range, encodingFailed)
      }
    }
    return null
  }

  /** Takes ranges off the front of `waiting`, up to the size of a batch; at least one record. */
  #cut(waiting: RecordRange[]): RecordRange[] {
    const limitBytes = Math.min(this.#options.batchBytes, this.#ports.maxMessageBytes(this.#topic)) - BATCH_HEADER_BYTES
    let bytes = 0
    let whole = 0
    while (
      whole < waiting.length &&
      bytes + waiting[whole].bytes <= limitBytes &&
      !(whole > 0 && waiting[whole].isolated)
    ) {
      bytes += waiting[whole].bytes
      whole++
      if (waiting[whole - 1].isolated) break
    }
    if (whole > 0) return waiting.splice(0, whole)
    const [head, tail] = cutRange(waiting[0], limitBytes)
    if (tail === null) waiting.shift()
    else waiting[0] = tail
    return [head]
  }

  #encoded(ranges: readonly RecordRange[], session: ProducerSession, sequence: number): Batch {
    return unsentBatch({
      bytes: encodeBatch(ranges, {
        producerId: session.producerId,
        producerEpoch: session.epoch,
        baseSequence: sequence,
        compression: this.#options.compression
      }),
      ranges,
      recordCount: ranges.reduce((sum, { from, to }) => sum + to - from, 0),
      sequence,
      topicId: this.#ports.peek(this.#topic)?.id ?? null,
      giveUpAtMs: ranges.reduce((first, { pending }) => Math.min(first, pending.times.giveUpAtMs), Infinity)
    })
  }

  #measured(batch: Batch): Batch {
    const queuedMs = performance.now() - batch.giveUpAtMs + this.#options.deliveryTimeoutMs
    this.#ports.meter.batched(batch.recordCount, batch.bytes.length, queuedMs / 1000)
    return batch
  }
}

/** Splits off as many records as fit, at least one. The second part is null if all fit. */
function cutRange(range: RecordRange, limitBytes: number): [RecordRange, RecordRange | null] {
  let bytes = recordBytes(range.table, range.rows[range.from])
  let to = range.from + 1
  while (to < range.to) {
    const size = recordBytes(range.table, range.rows[to])
    if (bytes + size > limitBytes) break
    bytes += size
    to++
  }
  if (to === range.to) return [range, null]
  return [
    { ...range, to, bytes },
    { ...range, from: to, bytes: range.bytes - bytes }
  ]
}
