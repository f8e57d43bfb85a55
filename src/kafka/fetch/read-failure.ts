import type { OffsetBounds } from './ports.ts'

/**
 * Why a read ended without a record.
 * - `unknownTopic`, `unknownPartition`: two brokers do not know it
 * - `outOfRange`: the current leader's log does not have the offset; `bounds` says what it has
 * - `refused`: Kafka does not authorize it
 * - `corrupt`: a checksum is wrong, or records cannot be decoded
 * - `leaderless`, `unreachable`: so until the deadline
 * - `busy`: too many reads wait
 */
export type ReadFailureKind =
  | 'unknownTopic'
  | 'unknownPartition'
  | 'outOfRange'
  | 'refused'
  | 'corrupt'
  | 'leaderless'
  | 'unreachable'
  | 'busy'

export interface ReadFailureOptions {
  /** Text for the log; may name brokers. */
  readonly detail?: string
  readonly bounds?: OffsetBounds
  readonly cause?: unknown
}

/** What keeps a partition from being read; `message` names no broker. */
export class ReadFailure extends Error {
  override readonly name = 'ReadFailure'
  readonly kind: ReadFailureKind
  readonly detail: string | undefined
  readonly bounds: OffsetBounds | undefined

  constructor(kind: ReadFailureKind, message: string, { detail, bounds, cause }: ReadFailureOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
    this.detail = detail
    this.bounds = bounds
  }
}
