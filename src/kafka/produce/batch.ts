import type { RecordFailure } from '../../core/produce-outcome.ts'
import { recycleBatch } from '../records/encode-batch.ts'
import { storedWithoutOffset, withReason } from './failures.ts'
import { failSlice, storeSlice, type Slice } from './submission.ts'

/**
 * How sure we are that no attempt so far appended the batch.
 * `none`: certain. `missing`: an attempt was answered with UNKNOWN_TOPIC_OR_PARTITION, which decides nothing unless the
 * topic proves to be gone. `open`: it may be stored.
 */
export type Doubt = 'none' | 'missing' | 'open'

/** A record batch with its place in the sequence of its partition. The bytes never change once they were sent. */
export interface Batch {
  readonly bytes: Buffer
  readonly slices: readonly Slice[]
  readonly recordCount: number
  readonly sequence: number
  /** Of the topic that the batch was numbered for; null where the cluster has no topic ids. */
  readonly topicId: Buffer | null
  /** `performance.now()` of the delivery time-out of its oldest record. */
  readonly giveUpAtMs: number
  inFlight: boolean
  /** How often it was sent: an answer to any attempt but the last one comes too late to count. */
  attempt: number
  /** `performance.now()` of that. */
  sentAtMs: number
  doubt: Doubt
  /** Given up while in flight: the answer only decides whether the sequence goes on. */
  abandoned: boolean
  /** Rejected before it was appended: its slices are to be batched anew, in its place. */
  reclaimed: readonly Slice[] | null
}

/** A batch as it was formed, before it is sent for the first time. */
export function unsentBatch(
  formed: Pick<Batch, 'bytes' | 'slices' | 'recordCount' | 'sequence' | 'topicId' | 'giveUpAtMs'>
): Batch {
  return { ...formed, inFlight: false, attempt: 0, sentAtMs: 0, doubt: 'none', abandoned: false, reclaimed: null }
}

/** Kafka's sequence numbers wrap from 2^31 − 1 to 0. */
export function sequenceAfter({ sequence, recordCount }: Batch): number {
  return (sequence + recordCount) & 0x7fffffff
}

function sliceCount(slice: Slice): number {
  return slice.to - slice.from
}

/**
 * Tells the callers, and gives up the bytes, unless an earlier attempt may still wait to be written somewhere.
 * `baseOffset` is null if the broker no longer knows it.
 */
export function storeBatch(batch: Batch, baseOffset: number | null): void {
  if (baseOffset === null) return failBatch(batch, storedWithoutOffset)
  if (batch.attempt === 1) recycleBatch(batch.bytes)
  let offset = baseOffset
  for (const slice of batch.slices) {
    storeSlice(slice, offset)
    offset += sliceCount(slice)
  }
}

/** Tells the callers of all records that are still in it. */
export function failBatch(batch: Batch, failure: RecordFailure): void {
  for (const slice of batch.reclaimed ?? batch.slices) failSlice(slice, failure)
}

/**
 * Returns what is sent in place of a batch that Kafka rejected whole. Tells the callers of those records that are at fault
 * for certain: those that Kafka names in `invalid`, or the only one.
 */
export function withoutFault(
  batch: Batch,
  failure: RecordFailure,
  invalid: ReadonlyMap<number, string | null> | undefined
): readonly Slice[] {
  if (invalid !== undefined && invalid.size > 0) {
    const { sound, faulty } = separate(batch, invalid)
    for (const [position, slice] of faulty) failSlice(slice, withReason(failure, invalid.get(position)))
    return sound
  }
  if (batch.recordCount > 1) return splitBatch(batch)
  failBatch(batch, failure)
  return []
}

/** Cuts a slice in two; the byte bound is shared out by count, which is all that the cutting of a rejected batch needs. */
export function halve(slice: Slice): [Slice, Slice] {
  const middle = slice.from + (sliceCount(slice) >> 1)
  const bytes = Math.ceil(slice.bytes / 2)
  return [
    { ...slice, to: middle, bytes, alone: true },
    { ...slice, from: middle, bytes, alone: true }
  ]
}

/**
 * What is sent in place of a batch that Kafka rejected whole: first each request by itself, then ever smaller parts of
 * the one request, until the record at fault stands alone and nobody else's fails with it.
 */
function splitBatch(batch: Batch): Slice[] {
  if (batch.slices.length > 1) return batch.slices.map(slice => ({ ...slice, alone: true }))
  return batch.slices.flatMap(halve)
}

/** Slices without the records that Kafka named as invalid (positions in the batch), and those records. */
function separate(batch: Batch, invalid: ReadonlyMap<number, unknown>): { sound: Slice[]; faulty: [number, Slice][] } {
  const sound: Slice[] = []
  const faulty: [number, Slice][] = []
  let position = 0
  for (const slice of batch.slices) {
    let start = slice.from
    for (let at = slice.from; at < slice.to; at++, position++) {
      if (!invalid.has(position)) continue
      if (at > start) sound.push({ ...slice, from: start, to: at, alone: true })
      faulty.push([position, { ...slice, from: at, to: at + 1, alone: true }])
      start = at + 1
    }
    if (start < slice.to) sound.push(start === slice.from ? slice : { ...slice, from: start, alone: true })
  }
  return { sound, faulty }
}
