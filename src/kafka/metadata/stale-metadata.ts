import { kafkaError } from '../kafka-errors.ts'

/**
 * The broker shuts down or was replaced by an older one (BROKER_NOT_AVAILABLE, UNSUPPORTED_VERSION), or lags behind our
 * metadata (UNKNOWN_LEADER_EPOCH, OFFSET_NOT_AVAILABLE): another one may lead the partition by now.
 */
const ALSO_STALE: ReadonlySet<number> = new Set([8, 35, 75, 78])

/** Returns whether an error code from a leader means that metadata must be refreshed before the next attempt. */
export function isStaleMetadata(errorCode: number): boolean {
  return kafkaError(errorCode)?.needsMetadata === true || ALSO_STALE.has(errorCode)
}
