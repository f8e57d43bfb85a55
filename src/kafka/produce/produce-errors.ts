import { leaderMissing, notSentInTime, notStored, type ProduceFailure, tooFewReplicas } from './failures.ts'
import type { ProduceResult } from './produce-message.ts'

/**
 * What to do with a record batch that was answered with an error.
 * - `again`: the same batch after a pause
 * - `refresh`: metadata is stale; ask for it, then the same batch
 * - `split`: some record is at fault; smaller batches until it stands alone
 * - `refuse`: neither a retry nor a split helps
 * - `order`: OUT_OF_ORDER_SEQUENCE_NUMBER: depends on the batches in flight before it
 * - `session`: the broker no longer takes this producer id and epoch
 * - `stored`: appended before, by an earlier attempt
 */
export type ProduceAction = 'again' | 'refresh' | 'split' | 'refuse' | 'order' | 'session' | 'stored'

export interface ProduceError {
  readonly action: ProduceAction
  /** Was the batch certainly not appended by this attempt? */
  readonly appended: 'no' | 'unknown' | 'yes'
  /** What callers are told if the batch fails, or waits for too long after this answer. */
  readonly failure: ProduceFailure
}

function error(
  action: ProduceAction,
  appended: ProduceError['appended'] = 'unknown',
  failure: ProduceFailure = notSentInTime
): ProduceError {
  return { action, appended, failure }
}

const tooLarge = notStored(
  'recordTooLarge',
  "The record is larger than the topic's max.message.bytes; it was not stored."
)
const invalidRecord = notStored(
  'invalidRecord',
  'Kafka calls the record invalid; a compacted topic takes no record without a key.'
)
const invalidTimestamp = notStored(
  'invalidTimestamp',
  'The timestamp lies outside what the topic allows; the record was not stored.'
)
const invalidTopic = notStored('invalidTopic', 'Kafka does not allow this topic name.')
const refused = notStored('refused', 'Kafka does not permit writing to this topic.')

/**
 * Codes that Kafka raises only before it appends are `no` (2, 10, 19, 29, 32, 87, 100, and those that judge the producer's
 * state: 31, 43, 45, 47, 53, 59). A code that is not listed decides nothing: `again`, `unknown`.
 */
const errors: ReadonlyMap<number, ProduceError> = new Map([
  [2, error('again', 'no')],
  [3, error('refresh')],
  [5, error('refresh', 'unknown', leaderMissing)],
  [6, error('refresh', 'unknown', leaderMissing)],
  [8, error('refresh')],
  [9, error('refresh', 'unknown', leaderMissing)],
  [10, error('split', 'no', tooLarge)],
  [13, error('refresh')],
  [17, error('refuse', 'unknown', invalidTopic)],
  [18, error('split', 'no', tooLarge)],
  [19, error('again', 'no', tooFewReplicas)],
  [20, error('again', 'unknown', tooFewReplicas)],
  [29, error('refuse', 'no', refused)],
  [31, error('refuse', 'no', refused)],
  [32, error('split', 'no', invalidTimestamp)],
  [35, error('refresh')],
  [43, error('refuse', 'no', refused)],
  [45, error('order', 'no')],
  [46, error('stored', 'yes')],
  [47, error('session', 'no')],
  [53, error('refuse', 'no', refused)],
  [56, error('refresh')],
  [59, error('session', 'no')],
  [72, error('refresh', 'unknown', leaderMissing)],
  [74, error('refresh', 'unknown', leaderMissing)],
  [75, error('refresh', 'unknown', leaderMissing)],
  [76, error('refuse', 'no', refused)],
  [78, error('refresh', 'unknown', leaderMissing)],
  [87, error('split', 'no', invalidRecord)],
  [100, error('refresh', 'no')],
  [103, error('refresh')]
])

const unlisted = error('again')

export function produceError(errorCode: number): ProduceError {
  return errors.get(errorCode) ?? unlisted
}

/** What the callers of a batch are told if it fails, or waits for too long after this answer; null: there was none. */
export function failureOf(result: ProduceResult | null): ProduceFailure {
  // Kafka's reason for the whole batch speaks of the batch; that for a record comes with the record.
  return result === null ? notSentInTime : produceError(result.errorCode).failure
}
