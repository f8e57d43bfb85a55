import { kafkaError } from '../kafka-errors.ts'

/**
 * The broker is leaving or old (BROKER_NOT_AVAILABLE, UNSUPPORTED_VERSION), or knows less than we do (UNKNOWN_LEADER_EPOCH,
 * OFFSET_NOT_AVAILABLE): another one may lead the partition by now.
 */
const ALSO_STALE: ReadonlySet<number> = new Set([8, 35, 75, 78])

/** Returns whether a leader's error code means "ask for metadata, then ask another broker". */
export function isStaleMetadata(errorCode: number): boolean {
  return kafkaError(errorCode)?.needsMetadata === true || ALSO_STALE.has(errorCode)
}
