import { GatewayError } from '../../core/errors.ts'
import { partitionNumber } from '../shared/parameters.ts'
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
