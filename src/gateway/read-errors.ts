import { GatewayError, type ErrorCode } from '../core/errors.ts'
import type { ReadFailure, ReadFailureKind } from '../kafka/fetch/read-failure.ts'
import type { PageEnd } from '../kafka/fetch/read-request.ts'

const CODES: Readonly<Record<ReadFailureKind, ErrorCode>> = {
  unknownTopic: 'TOPIC_NOT_FOUND',
  unknownPartition: 'PARTITION_NOT_FOUND',
  outOfRange: 'OFFSET_OUT_OF_RANGE',
  refused: 'KAFKA_REFUSED',
  corrupt: 'CORRUPT_DATA',
  leaderless: 'LEADER_NOT_AVAILABLE',
  unreachable: 'KAFKA_UNAVAILABLE',
  busy: 'OVERLOADED'
}

/** Ends that more time might have avoided, and what a caller is told who got no record. */
const UNFINISHED = {
  late: 'Kafka did not answer in time.',
  remote: 'The records are in remote storage, and Kafka did not bring them in time; go on at NextOffset.',
  passed: 'Only records that cannot be read were passed in time; go on at NextOffset.'
} as const
type Unfinished = keyof typeof UNFINISHED

export function isUnfinished(end: PageEnd['end']): end is Unfinished {
  return end in UNFINISHED
}

export function deadlineExceeded(end: Unfinished, nextOffset: number): GatewayError {
  return new GatewayError('DEADLINE_EXCEEDED', UNFINISHED[end], { headers: { NextOffset: String(nextOffset) } })
}

/** The error of a read from `offset` that brought nothing. */
export function gatewayError(failure: ReadFailure, offset: number): GatewayError {
  const { kind, message, detail, bounds, cause } = failure
  const waited = kind === 'leaderless' || kind === 'unreachable'
  return new GatewayError(CODES[kind], message, {
    cause,
    ...(detail === undefined ? {} : { detail }),
    ...(waited ? { headers: { NextOffset: String(offset) } } : {}),
    ...(bounds === undefined ? {} : { members: { earliest_offset: bounds.earliest, latest_offset: bounds.lastStable } })
  })
}
