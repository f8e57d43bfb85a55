import type { FailureKind } from '../kafka-failure.ts'

/** Why one record was not given an offset. Shared by records that failed for the same reason, so that users can tell them by identity. */
export interface ProduceFailure {
  readonly kind: FailureKind
  /** Names no broker. */
  readonly message: string
  /** `no`: certainly not in Kafka; `unknown`: there never, now, or until the delivery time-out has passed. */
  readonly stored: 'no' | 'unknown'
}

export function notStored(kind: FailureKind, message: string): ProduceFailure {
  return Object.freeze({ kind, message, stored: 'no' })
}

/** The deadline or delivery time-out expired before Kafka reported the record's fate. */
export const outcomeUnknown: ProduceFailure = Object.freeze({
  kind: 'unconfirmed',
  message: 'Kafka did not confirm the record in time; it may be stored never, now or a little later.',
  stored: 'unknown'
})

/** Kafka recognised our own retry (DUPLICATE_SEQUENCE_NUMBER) and no longer knows at which offset the first copy stands. */
export const storedWithoutOffset: ProduceFailure = Object.freeze({
  kind: 'unconfirmed',
  message: 'The record is stored, but Kafka no longer tells at which offset.',
  stored: 'unknown'
})

export const notSentInTime = notStored('unreachable', 'Kafka did not take the record in time; it was not stored.')
export const leaderMissing = notStored(
  'leaderless',
  'The partition has no leader that answers; the record was not stored.'
)
export const tooFewReplicas = notStored('notEnoughReplicas', 'Too few replicas are in sync; the record was not stored.')
export const topicRecreated = notStored(
  'topicRecreated',
  'The topic was deleted and created anew while the record was on its way; it was not stored.'
)
export const encodingFailed = notStored('defect', 'The gateway could not encode the record; it was not stored.')

export function topicMissing(topic: string): ProduceFailure {
  return notStored('unknownTopic', `Topic '${topic}' does not exist.`)
}

/** Returns the failure in Kafka's own words, if it has some for the record. */
export function withReason(failure: ProduceFailure, reason: string | null | undefined): ProduceFailure {
  return reason === null || reason === undefined ? failure : { ...failure, message: reason }
}
