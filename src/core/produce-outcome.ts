import type { ErrorCode } from './errors.ts'

/** Why one record of a produce request was not answered with an offset. */
export interface RecordFailure {
  readonly code: ErrorCode
  /** For the caller. */
  readonly message: string
  readonly retriable: boolean
  /** `no`: certainly not in Kafka; `unknown`: there never, now, or until the delivery time-out has passed. */
  readonly stored: 'no' | 'unknown'
}

/** Outcome record by record, in the order of the request. */
export interface ProduceOutcome<Failure = RecordFailure> {
  readonly count: number
  readonly partitions: Int32Array
  /** −1 where {@link failures} has an entry. */
  readonly offsets: Float64Array
  /** By record number; absent when every record is stored. */
  readonly failures?: ReadonlyMap<number, Failure>
}
