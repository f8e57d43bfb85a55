import { GatewayError } from '../core/errors.ts'
import type { OffsetBounds } from '../kafka/fetch/ports.ts'
import type { ReadFailure } from '../kafka/fetch/read-failure.ts'
import type { PageEnd } from '../kafka/fetch/read-request.ts'
import { outOfRange } from '../kafka/fetch/trouble.ts'
import type { ReadRequest } from './gateway.ts'
import { gatewayError } from './kafka-failures.ts'

/** Ends of a read that more time might have avoided, with the message for a caller who got no record. */
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

/** Returns the error of a read from `offset` that brought nothing. */
export function readError(failure: ReadFailure, offset: number | bigint): GatewayError {
  const { kind, bounds } = failure
  if (kind === 'leaderless' || kind === 'unreachable')
    return gatewayError(failure, { headers: { NextOffset: String(offset) } })
  if (bounds === undefined) return gatewayError(failure)
  return gatewayError(failure, {
    members: { earliest_offset: bounds.earliest, latest_offset: bounds.lastStable }
  })
}

/** Returns the error of a read from an offset that no log reaches: it needs only the bounds, no fetch. */
export function beyondEnd(
  { topic, partition }: Pick<ReadRequest, 'topic' | 'partition'>,
  offset: bigint,
  bounds: OffsetBounds
): GatewayError {
  return readError(outOfRange(topic, partition, offset, bounds), offset)
}
