import { errorCatalogue } from '../core/error-catalogue.ts'
import { type ErrorCode, GatewayError, type GatewayErrorOptions } from '../core/errors.ts'
import type { ProduceOutcome, RecordFailure } from '../core/produce-outcome.ts'
import { type FailureKind, KafkaFailure } from '../kafka/kafka-failure.ts'
import type { ProduceFailure } from '../kafka/produce/failures.ts'

/** The error code for each kind of Kafka failure. */
export const CODES: Readonly<Record<FailureKind, ErrorCode>> = {
  unreachable: 'KAFKA_UNAVAILABLE',
  leaderless: 'LEADER_NOT_AVAILABLE',
  busy: 'OVERLOADED',
  refused: 'KAFKA_REFUSED',
  unknownTopic: 'TOPIC_NOT_FOUND',
  unknownPartition: 'PARTITION_NOT_FOUND',
  outOfRange: 'OFFSET_OUT_OF_RANGE',
  corrupt: 'CORRUPT_DATA',
  topicExists: 'TOPIC_EXISTS',
  notYetVisible: 'NOT_YET_VISIBLE',
  invalidTopic: 'INVALID_TOPIC_NAME',
  invalidPartitionCount: 'INVALID_PARTITION_COUNT',
  invalidReplicationFactor: 'INVALID_REPLICATION_FACTOR',
  invalidConfig: 'INVALID_TOPIC_PROPERTY',
  invalidRequest: 'INVALID_BODY',
  policyViolation: 'POLICY_VIOLATION',
  recordTooLarge: 'RECORD_TOO_LARGE',
  invalidRecord: 'INVALID_RECORD',
  invalidTimestamp: 'INVALID_TIMESTAMP',
  notEnoughReplicas: 'NOT_ENOUGH_REPLICAS',
  topicRecreated: 'TOPIC_RECREATED',
  unconfirmed: 'OUTCOME_UNKNOWN',
  defect: 'INTERNAL_ERROR'
}

/** Returns the error for a Kafka failure; anything else unchanged. */
export function callerError(error: unknown): unknown {
  return error instanceof KafkaFailure ? gatewayError(error) : error
}

/** Returns the error for a Kafka failure. `more` overrides the options that the failure brings. */
export function gatewayError(failure: KafkaFailure, more: GatewayErrorOptions = {}): GatewayError {
  const { kind, message, cause, detail, retriable, retryAfterMs } = failure
  return new GatewayError(CODES[kind], message, {
    cause,
    retriable,
    ...(detail === undefined ? {} : { detail }),
    ...(retryAfterMs === undefined ? {} : { headers: { 'Retry-After': retryAfter(retryAfterMs) } }),
    ...more
  })
}

/** Returns whole seconds, at least one: an immediate retry would meet the same failure. */
function retryAfter(retryAfterMs: number): string {
  return String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
}

/** Returns the outcome with failures in terms of the error catalogue. Records that share a failure share the result. */
export function callerOutcome(outcome: ProduceOutcome<ProduceFailure>): ProduceOutcome {
  // On the hot path: do not copy an outcome without failures.
  if (isAllStored(outcome)) return outcome
  const told = new Map<ProduceFailure, RecordFailure>()
  const failures = new Map<number, RecordFailure>()
  for (const [record, failure] of outcome.failures ?? []) {
    let known = told.get(failure)
    if (known === undefined) told.set(failure, (known = recordFailure(failure)))
    failures.set(record, known)
  }
  return { ...outcome, failures }
}

function isAllStored<Failure>(outcome: ProduceOutcome<Failure>): outcome is ProduceOutcome<never> {
  return outcome.failures === undefined
}

function recordFailure({ kind, message, stored }: ProduceFailure): RecordFailure {
  const code = CODES[kind]
  return { code, message, retriable: errorCatalogue[code].retriable, stored }
}
