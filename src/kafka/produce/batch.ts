import { recycleBatch } from '../records/encode-batch.ts'
import type { Known } from './decide.ts'
import { type ProduceFailure, storedWithoutOffset, withReason } from './failures.ts'
import { failRange, storeRange, type RecordRange } from './pending-produce.ts'

/**
 * `waiting`: for its first attempt, or the next one. `takenBack`: no attempt was appended; its ranges will be batched
 * again, in its place.
 */
export type BatchState = 'waiting' | 'inFlight' | 'takenBack'

/** A record batch with its place in the sequence of its partition. The bytes never change once they were sent. */
export interface Batch {
  readonly bytes: Buffer
  /** Its records; of a batch that was taken back, those that are not settled. */
  ranges: readonly RecordRange[]
  readonly recordCount: number
  readonly sequence: number
  /** Of the topic that the batch was numbered for; null if the cluster has no topic ids. */
  readonly topicId: Buffer | null
  /** `performance.now()` of the delivery time-out of its oldest record. */
  readonly giveUpAtMs: number
  state: BatchState
  /** What its attempts so far leave open. */
  known: Known
  /** How often it was sent: an answer to any attempt but the last one comes too late to count. */
  attempt: number
  /** `performance.now()` of the last attempt. */
  sentAtMs: number
}

/** A batch as it was formed, before it is sent for the first time. */
export function unsentBatch(
  formed: Pick<Batch, 'bytes' | 'ranges' | 'recordCount' | 'sequence' | 'topicId' | 'giveUpAtMs'>
): Batch {
  return { ...formed, state: 'waiting', known: 'none', attempt: 0, sentAtMs: 0 }
}

export function isInFlight({ state }: Batch): boolean {
  return state === 'inFlight'
}

/** Kafka's sequence numbers wrap from 2^31 − 1 to 0. */
export function sequenceAfter({ sequence, recordCount }: Batch): number {
  return (sequence + recordCount) & 0x7fffffff
}

function rangeCount(range: RecordRange): number {
  return range.to - range.from
}

/**
 * Tells the callers, and gives up the bytes, unless an earlier attempt may still wait to be written somewhere.
 * `baseOffset` is null if the broker no longer knows it.
 */
export function storeBatch(batch: Batch, baseOffset: number | null): void {
  if (baseOffset === null) return failBatch(batch, storedWithoutOffset)
  if (batch.attempt === 1) recycleBatch(batch.bytes)
  let offset = baseOffset
  for (const range of batch.ranges) {
    storeRange(range, offset)
    offset += rangeCount(range)
  }
}

/** Tells the callers of its records. */
export function failBatch(batch: Batch, failure: ProduceFailure): void {
  for (const range of batch.ranges) failRange(range, failure)
}

/**
 * Returns what is sent in place of a batch that Kafka rejected whole. Tells the callers of those records that are at fault
 * for certain: those that Kafka names in `invalid`, or the only one.
 */
export function withoutFault(
  batch: Batch,
  failure: ProduceFailure,
  invalid: ReadonlyMap<number, string | null> | undefined
): readonly RecordRange[] {
  if (invalid !== undefined && invalid.size > 0) {
    const { sound, faulty } = separate(batch, invalid)
    for (const [position, range] of faulty) failRange(range, withReason(failure, invalid.get(position)))
    return sound
  }
  if (batch.recordCount > 1) return splitBatch(batch)
  failBatch(batch, failure)
  return []
}

/** Cuts a range in two; the byte bound is shared out by count, which is all that the cutting of a rejected batch needs. */
export function halve(range: RecordRange): [RecordRange, RecordRange] {
  const middle = range.from + (rangeCount(range) >> 1)
  const bytes = Math.ceil(range.bytes / 2)
  return [
    { ...range, to: middle, bytes, isolated: true },
    { ...range, from: middle, bytes, isolated: true }
  ]
}

/**
 * What is sent in place of a batch that Kafka rejected whole: first each request by itself, then ever smaller parts of
 * the one request, until the record at fault stands alone and nobody else's fails with it.
 */
function splitBatch(batch: Batch): RecordRange[] {
  if (batch.ranges.length > 1) return batch.ranges.map(range => ({ ...range, isolated: true }))
  return batch.ranges.flatMap(halve)
}

/** Ranges without the records that Kafka named as invalid (positions in the batch), and those records. */
function separate(
  batch: Batch,
  invalid: ReadonlyMap<number, unknown>
): { sound: RecordRange[]; faulty: [number, RecordRange][] } {
  const sound: RecordRange[] = []
  const faulty: [number, RecordRange][] = []
  let position = 0
  for (const range of batch.ranges) {
    let start = range.from
    for (let at = range.from; at < range.to; at++, position++) {
      if (!invalid.has(position)) continue
      if (at > start) sound.push({ ...range, from: start, to: at, isolated: true })
      faulty.push([position, { ...range, from: at, to: at + 1, isolated: true }])
      start = at + 1
    }
    if (start < range.to) sound.push(start === range.from ? range : { ...range, from: start, isolated: true })
  }
  return { sound, faulty }
}
