import type { ErrorCode } from './errors.ts'

/** Why a record of a produce request has no offset. */
export interface RecordFailure {
  readonly code: ErrorCode
  /** For the caller. */
  readonly message: string
  readonly retriable: boolean
  /** `no`: not stored, and never will be. `unknown`: may be stored, now or until the delivery time-out has passed. */
  readonly stored: 'no' | 'unknown'
}

/** The outcome of a produce request by record, in the order of the request. */
export interface ProduceOutcome<Failure = RecordFailure> {
  readonly count: number
  readonly partitions: Int32Array
  /** −1 if {@link failures} has an entry for the record. */
  readonly offsets: Float64Array
  /** By record number; absent if all records are stored. */
  readonly failures?: ReadonlyMap<number, Failure>
}
