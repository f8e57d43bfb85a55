import { GatewayError } from '../../core/errors.ts'
import { partitionNumber } from '../shared/parameters.ts'
import { OFFSET_LIMIT, parseOffset } from '../shared/start.ts'
import type { Dialect } from './record-form.ts'

/** Returns the partition that a path names. What is no number is not there for Confluent, and an error for Strimzi. */
export function pathPartition(text: string, dialect: Dialect): number {
  try {
    return partitionNumber(text)
  } catch (error) {
    if (dialect === 'strimzi') throw error
    throw new GatewayError('PARTITION_NOT_FOUND', 'A partition of this number cannot exist.')
  }
}

/** Returns a bigint for an offset that a number cannot hold exactly. Throws INVALID_OFFSET. */
export function startOffset(text: string): number | bigint | 'earliest' | 'latest' {
  const offset = parseOffset(text)
  if (offset !== undefined) return offset
  throw new GatewayError(
    'INVALID_OFFSET',
    `The offset must be a whole number from 0 to ${OFFSET_LIMIT}, or earliest, or latest.`
  )
}
