import type { ProduceOutcome, RecordFailure } from '../../core/produce-outcome.ts'
import { OffsetsWriter, statusOf, worstFailure } from '../shared/records/offsets-writer.ts'
import type { Failure } from '../shared/write/fates.ts'
import { errorNumbers } from './errors.ts'

export interface ProduceAnswer {
  /** HTTP status. */
  readonly status: number
  readonly body: Buffer
  /** Code of the worst failure, for the log. */
  readonly code?: string
  /** Only if a plain retry cannot store a record twice. */
  readonly retryAfterS?: number
}

const RETRY_AFTER_S = 1

const writer = new OffsetsWriter({
  stored: '}',
  close: ']}',
  failedPartition: true,
  failed: failure => `,${failureMembers(failure)}}`
})

/** Answers a produce request: 200 with an offset for each record, or the worst failure with every record's fate. */
export function writeProduceAnswer(outcome: ProduceOutcome): ProduceAnswer {
  const { failures, count } = outcome
  if (failures === undefined) return { status: 200, body: writer.write(outcome) }
  const worst = worstFailure(failures)
  const nothingStored =
    failures.size === count && [...new Set(failures.values())].every(({ stored }) => stored === 'no')
  const status = statusOf(worst)
  const retriable = worst.retriable && nothingStored
  const body = writer.write(outcome, membersOf({ ...worst, retriable }))
  const answer = { status, body, code: worst.code }
  return retriable && status === 503 ? { ...answer, retryAfterS: RETRY_AFTER_S } : answer
}

/** Returns the members of the error of one record, without the braces around them. */
export function failureMembers(failure: Failure): string {
  return membersOf(failure, failure.stored)
}

/** The members of an error, without the braces around them. */
function membersOf(
  { code, message, retriable }: Pick<RecordFailure, 'code' | 'message' | 'retriable'>,
  stored?: RecordFailure['stored']
): string {
  const error = { error_code: errorNumbers[code], code, message, retriable, stored }
  return JSON.stringify(error).slice(1, -1)
}
