import type { Deadline } from '../../core/deadline.ts'
import type { RequestTrace } from '../../core/tracing.ts'
import type { RecordFilter } from '../records/page-builder.ts'

/** What a reader sees: with `committed` up to the last stable offset and nothing that was aborted, else all that is replicated. */
export type Isolation = 'committed' | 'uncommitted'

export interface ReadRequest {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly isolation: Isolation
  readonly limits: ReadLimits
  /** Leaves out the records for which it returns false. */
  readonly filter?: RecordFilter
  readonly deadline: Deadline
  readonly trace?: RequestTrace | undefined
}

export interface ReadLimits {
  /** 1 and up. */
  readonly records: number
  /** Of keys and values, as stored; the first record is let in however large. As much again is allowed of headers. */
  readonly bytes: number
  /** Of batches as stored, whatever a filter leaves of them; no limit when left out. */
  readonly scanBytes?: number
}

/**
 * Where a page ends, and why.
 * - `full`: a limit of records or bytes
 * - `log`: nothing more is there to be read
 * - `scanned`: the limit of stored bytes
 * - `late`, `remote`, `passed`: the deadline, while Kafka did not answer; while it had not brought the records from remote
 *   storage; after what was passed held nothing to read
 * - `failure`: something behind the last record; the next read meets it
 */
export interface PageEnd {
  readonly end: 'full' | 'log' | 'scanned' | 'late' | 'remote' | 'passed' | 'failure'
  /** −1 where no answer told. */
  readonly logStart: number
  readonly lastStable: number
  readonly highWatermark: number
}
