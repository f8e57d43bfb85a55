import type { ErrorCode } from '../../core/errors.ts'
import { errorCatalogue } from '../../core/errors.ts'
import type { RecordFailure } from '../../core/produce-outcome.ts'
import { kafkaCode } from '../codes.ts'
import type { ProduceResult } from './produce-message.ts'

function notStored(code: ErrorCode, message: string): RecordFailure {
  return Object.freeze({ code, message, retriable: errorCatalogue[code].retriable, stored: 'no' })
}

/** The deadline passed, or the delivery time-out, while Kafka had not said what became of the record. */
export const outcomeUnknown: RecordFailure = Object.freeze({
  code: 'OUTCOME_UNKNOWN',
  message: 'Kafka did not confirm the record in time; it may be stored never, now or a little later.',
  retriable: false,
  stored: 'unknown'
})

/** Kafka recognised our own retry (DUPLICATE_SEQUENCE_NUMBER) and no longer knows at which offset the first copy stands. */
export const storedWithoutOffset: RecordFailure = Object.freeze({
  code: 'OUTCOME_UNKNOWN',
  message: 'The record is stored, but Kafka no longer tells at which offset.',
  retriable: false,
  stored: 'unknown'
})

export const notSentInTime = notStored('KAFKA_UNAVAILABLE', 'Kafka did not take the record in time; it was not stored.')
export const leaderMissing = notStored(
  'LEADER_NOT_AVAILABLE',
  'The partition has no leader that answers; the record was not stored.'
)
export const tooFewReplicas = notStored(
  'NOT_ENOUGH_REPLICAS',
  'Too few replicas are in sync; the record was not stored.'
)
export const topicRecreated = notStored(
  'TOPIC_RECREATED',
  'The topic was deleted and created anew while the record was on its way; it was not stored.'
)
export const encodingFailed = notStored('INTERNAL_ERROR', 'The gateway could not encode the record; it was not stored.')

export function topicMissing(topic: string): RecordFailure {
  return notStored('TOPIC_NOT_FOUND', `Topic '${topic}' does not exist.`)
}

/** What the callers of a batch are told if it fails, or waits for too long after this answer; null: there was none. */
export function failureOf(result: ProduceResult | null): RecordFailure {
  if (result === null) return notSentInTime
  const { error, produce } = kafkaCode(result.errorCode)
  // Kafka's reason for the whole batch speaks of the batch; that for a record comes with the record.
  if (produce === 'split' || produce === 'refuse') return refused(error, null)
  if (error === 'NOT_ENOUGH_REPLICAS') return tooFewReplicas
  return error === 'LEADER_NOT_AVAILABLE' ? leaderMissing : notSentInTime
}

/** What Kafka said of a record that it refuses for good. */
export function refused(code: ErrorCode, reason: string | null): RecordFailure {
  return notStored(code, reason === null || reason === '' ? (refusals[code] ?? errorCatalogue[code].summary) : reason)
}

const refusals: Partial<Record<ErrorCode, string>> = {
  RECORD_TOO_LARGE: "The record is larger than the topic's max.message.bytes; it was not stored.",
  INVALID_RECORD: 'Kafka calls the record invalid; a compacted topic takes no record without a key.',
  INVALID_TIMESTAMP: 'The timestamp lies outside what the topic allows; the record was not stored.',
  KAFKA_REFUSED: 'Kafka does not let the gateway write to this topic.'
}

/** Returns the failure in Kafka's own words, if it has some for the record. */
export function withReason(failure: RecordFailure, reason: string | null | undefined): RecordFailure {
  return reason === null || reason === undefined ? failure : { ...failure, message: reason }
}
