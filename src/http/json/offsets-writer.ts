import { errorCatalogue } from '../../core/errors.ts'
import type { ProduceOutcome, RecordFailure } from '../../core/produce-outcome.ts'
import { TextWriter } from './text-writer.ts'

export interface ProduceAnswer {
  readonly status: number
  readonly body: Buffer
  /** The code of the worst failure, for the log. */
  readonly code?: string
  /** Only where a plain retry cannot store a record twice. */
  readonly retryAfterS?: number
}

const OPEN = Buffer.from('{"offsets":[')
const PARTITION = Buffer.from('{"partition":')
const OFFSET = Buffer.from(',"offset":')
const CLOSE_RECORD = Buffer.from('}')
const COMMA = Buffer.from(',')
const CLOSE = Buffer.from(']}')
/** `{"partition":2147483647,"offset":9007199254740991},` */
const RECORD_BYTES = 52
/** Worst first; what is not named comes after these, by its status. */
const WORST_FIRST = [504, 500, 503, 413, 403, 400]
const RETRY_AFTER_S = 1

/** The answer to a produce request: 200 with an offset for each record, or the worst failure with every record's fate. */
export function writeProduceAnswer(outcome: ProduceOutcome): ProduceAnswer {
  return outcome.failures === undefined
    ? { status: 200, body: writeOffsets(outcome) }
    : writeFailures(outcome, outcome.failures)
}

function writeOffsets({ count, partitions, offsets }: ProduceOutcome): Buffer {
  const writer = new TextWriter(count * RECORD_BYTES + OPEN.length + CLOSE.length)
  writer.text(OPEN)
  for (let record = 0; record < count; record++) {
    if (record > 0) writer.text(COMMA)
    writer.text(PARTITION)
    writer.integer(partitions[record])
    writer.text(OFFSET)
    writer.integer(offsets[record])
    writer.text(CLOSE_RECORD)
  }
  writer.room(CLOSE.length)
  writer.text(CLOSE)
  return writer.finish()
}

function writeFailures(outcome: ProduceOutcome, failures: ReadonlyMap<number, RecordFailure>): ProduceAnswer {
  const worst = [...new Set(failures.values())].toSorted((one, other) => severity(one) - severity(other))[0]
  const nothingStored = failures.size === outcome.count && [...failures.values()].every(({ stored }) => stored === 'no')
  const status = statusOf(worst)
  const retriable = worst.retriable && nothingStored
  const body = {
    error_code: errorCatalogue[worst.code].errorCode,
    code: worst.code,
    message: worst.message,
    retriable,
    offsets: Array.from({ length: outcome.count }, (_, record) => fate(outcome, failures.get(record), record))
  }
  const answer = { status, body: Buffer.from(JSON.stringify(body)), code: worst.code }
  return retriable && status === 503 ? { ...answer, retryAfterS: RETRY_AFTER_S } : answer
}

function fate({ partitions, offsets }: ProduceOutcome, failure: RecordFailure | undefined, record: number) {
  const partition = partitions[record]
  if (failure === undefined) return { partition, offset: offsets[record] }
  const { code, message, retriable, stored } = failure
  return { partition, error_code: errorCatalogue[code].errorCode, code, message, retriable, stored }
}

function statusOf({ code }: RecordFailure): number {
  return Math.floor(errorCatalogue[code].errorCode / 100)
}

function severity(failure: RecordFailure): number {
  const rank = WORST_FIRST.indexOf(statusOf(failure))
  return rank < 0 ? WORST_FIRST.length : rank
}
