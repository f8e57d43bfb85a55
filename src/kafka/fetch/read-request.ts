import type { Deadline } from '../../core/deadline.ts'
import type { RequestTrace } from '../../core/tracing.ts'
import type { KafkaFailure } from '../kafka-failure.ts'
import type { PageBuilder, PageLimits, RecordFilter } from '../records/page-builder.ts'
import type { Place } from './place.ts'

/** What a reader sees: with `committed` up to the last stable offset and nothing that was aborted, else all that is replicated. */
export type Isolation = 'committed' | 'uncommitted'

export interface ReadOptions {
  readonly isolation: Isolation
  readonly limits: PageLimits
  /** Leaves out the records for which it returns false. */
  readonly filter?: RecordFilter | undefined
  readonly deadline: Deadline
  readonly trace?: RequestTrace | undefined
}

export interface ReadRequest extends Place, ReadOptions {}

export interface ReadManyOptions extends ReadOptions {
  /** Takes what long polls have brought, and asks Kafka only if that is nothing. */
  readonly atOnce?: boolean
}

/** Where a log begins and ends, as the last answer said; −1 if none did. */
export interface LogBounds {
  readonly logStart: number
  readonly lastStable: number
  readonly highWatermark: number
}

export const UNKNOWN_BOUNDS: LogBounds = { logStart: -1, lastStable: -1, highWatermark: -1 }

/**
 * Where a page ends, and why.
 * - `full`: a limit of records or bytes
 * - `log`: nothing more is there to be read
 * - `until`: the offset at which the reader wanted to stop
 * - `scanned`: the limit of bytes looked at
 * - `late`, `remote`, `passed`: the deadline, while Kafka did not answer; while it had not brought the records from remote
 *   storage; after what was passed held nothing to read
 * - `failure`: something after the last record; the next read meets it
 */
export interface PageEnd extends LogBounds {
  readonly end: 'full' | 'log' | 'until' | 'scanned' | 'late' | 'remote' | 'passed' | 'failure'
  /** Records looked at, those included that the filter refused. */
  readonly scanned: number
  /** Their bytes, decompressed. */
  readonly scannedBytes: number
  /** With `failure`. */
  readonly failure?: KafkaFailure
}

/** Returns what of a {@link PageEnd} the page itself knows. */
export function scanOf({ count, refused, scannedBytes }: PageBuilder): Pick<PageEnd, 'scanned' | 'scannedBytes'> {
  return { scanned: count + refused, scannedBytes }
}
