import type { Log } from '../../core/log.ts'
import { encodeBatch, recordBytes } from '../records/encode-batch.ts'
import type { Codec } from '../records/compression.ts'
import { type Batch, unsentBatch } from './batch.ts'
import { encodingFailed } from './failures.ts'
import type { ProducerSession } from './producer-sessions.ts'
import type { ProducePorts } from './ports.ts'
import { failSlice, type Slice } from './submission.ts'

/** Header of a record batch. */
const BATCH_OVERHEAD_BYTES = 61

interface BatchOptions {
  readonly batchBytes: number
  readonly compression: Codec
  readonly deliveryTimeoutMs: number
}

/** Decides what goes into one record batch, and encodes it. */
export class BatchFormer {
  readonly #ports: ProducePorts
  readonly #options: BatchOptions
  readonly #log: Log

  constructor(ports: ProducePorts, options: BatchOptions, log: Log) {
    this.#ports = ports
    this.#options = options
    this.#log = log
  }

  /** Takes slices off the front of `waiting`, up to the size of a batch; at least one record. */
  cut(topic: string, waiting: Slice[]): Slice[] {
    const limitBytes = Math.min(this.#options.batchBytes, this.#ports.maxMessageBytes(topic)) - BATCH_OVERHEAD_BYTES
    let bytes = 0
    let whole = 0
    while (
      whole < waiting.length &&
      bytes + waiting[whole].bytes <= limitBytes &&
      !(whole > 0 && waiting[whole].alone)
    ) {
      bytes += waiting[whole].bytes
      whole++
      if (waiting[whole - 1].alone) break
    }
    if (whole > 0) return waiting.splice(0, whole)
    const [head, tail] = cutSlice(waiting[0], limitBytes)
    if (tail === null) waiting.shift()
    else waiting[0] = tail
    return [head]
  }

  form(topic: string, slices: readonly Slice[], session: ProducerSession, sequence: number): Batch | null {
    let batch: Batch
    try {
      batch = unsentBatch({
        bytes: encodeBatch(slices, {
          producerId: session.producerId,
          producerEpoch: session.epoch,
          baseSequence: sequence,
          compression: this.#options.compression
        }),
        slices,
        recordCount: slices.reduce((sum, { from, to }) => sum + to - from, 0),
        sequence,
        topicId: this.#ports.peek(topic)?.id ?? null,
        giveUpAtMs: slices.reduce((first, { submission }) => Math.min(first, submission.times.giveUpAtMs), Infinity)
      })
    } catch (error) {
      this.#log.error({ topic, err: error }, 'A record batch could not be encoded')
      for (const slice of slices) failSlice(slice, encodingFailed)
      return null
    }
    const queuedMs = performance.now() - batch.giveUpAtMs + this.#options.deliveryTimeoutMs
    this.#ports.meter.batched(batch.recordCount, batch.bytes.length, queuedMs / 1000)
    return batch
  }
}

/** As many records as fit, but one at least; the second part is null when nothing is left. */
function cutSlice(slice: Slice, limitBytes: number): [Slice, Slice | null] {
  let bytes = recordBytes(slice.table, slice.rows[slice.from])
  let to = slice.from + 1
  while (to < slice.to) {
    const size = recordBytes(slice.table, slice.rows[to])
    if (bytes + size > limitBytes) break
    bytes += size
    to++
  }
  if (to === slice.to) return [slice, null]
  return [
    { ...slice, to, bytes },
    { ...slice, from: to, bytes: slice.bytes - bytes }
  ]
}
