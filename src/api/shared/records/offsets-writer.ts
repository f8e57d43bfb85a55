import { errorCatalogue } from '../../../core/errors.ts'
import type { ProduceOutcome, RecordFailure } from '../../../core/produce-outcome.ts'
import { fixedText, TextWriter } from './text-writer.ts'

export interface ProduceAnswer {
  /** HTTP status. */
  readonly status: number
  readonly body: Buffer
  /** The code of the worst failure, for the log. */
  readonly code?: string
  /** Only where a plain retry cannot store a record twice. */
  readonly retryAfterS?: number
}

const OPEN = fixedText('{"offsets":[')
const FAILED_OPEN = fixedText(',"offsets":[')
const PARTITION = fixedText('{"partition":')
const NEXT_PARTITION = fixedText(',{"partition":')
const OFFSET = fixedText(',"offset":')
const CLOSE_RECORD = fixedText('}')
const CLOSE = fixedText(']}')
/** `,{"partition":2147483647,"offset":9007199254740991}` */
const RECORD_BYTES = 52
/** Room that is asked for before a record: its fixed texts, and the end of the body. */
const FIXED_BYTES = 64
/** Worst first; what is not named comes after these, by its status. */
const WORST_FIRST = [504, 500, 503, 413, 403, 400]
const RETRY_AFTER_S = 1
const COMMA = 0x2c

/** The answer to a produce request: 200 with an offset for each record, or the worst failure with every record's fate. */
export function writeProduceAnswer(outcome: ProduceOutcome): ProduceAnswer {
  return outcome.failures === undefined
    ? { status: 200, body: writeOffsets(outcome) }
    : writeFailures(outcome, outcome.failures)
}

function writeOffsets(outcome: ProduceOutcome): Buffer {
  const writer = new TextWriter(outcome.count * RECORD_BYTES + FIXED_BYTES)
  writer.text(OPEN)
  for (let record = 0; record < outcome.count; record++) {
    openRecord(writer, outcome, record)
    writeOffset(writer, outcome, record)
  }
  writer.text(CLOSE)
  return writer.finish()
}

function openRecord(writer: TextWriter, { partitions }: ProduceOutcome, record: number): void {
  writer.room(FIXED_BYTES)
  writer.text(record === 0 ? PARTITION : NEXT_PARTITION)
  writer.integer(partitions[record])
}

function writeOffset(writer: TextWriter, { offsets }: ProduceOutcome, record: number): void {
  writer.text(OFFSET)
  writer.integer(offsets[record])
  writer.text(CLOSE_RECORD)
}

function writeFailures(outcome: ProduceOutcome, failures: ReadonlyMap<number, RecordFailure>): ProduceAnswer {
  const kinds = [...new Set(failures.values())]
  const worst = kinds.reduce((one, other) => (severity(other) < severity(one) ? other : one))
  const nothingStored = failures.size === outcome.count && kinds.every(({ stored }) => stored === 'no')
  const status = statusOf(worst)
  const retriable = worst.retriable && nothingStored
  const error = membersOf({ ...worst, retriable }).slice(0, -1)
  const writer = new TextWriter(error.length + outcome.count * RECORD_BYTES + FIXED_BYTES)
  writer.append(error)
  writer.room(FIXED_BYTES)
  writer.text(FAILED_OPEN)
  const fates = new Map<RecordFailure, Buffer>()
  for (let record = 0; record < outcome.count; record++) {
    openRecord(writer, outcome, record)
    const failure = failures.get(record)
    if (failure === undefined) writeOffset(writer, outcome, record)
    else writer.append(fateOf(failure, fates))
  }
  writer.room(CLOSE.length)
  writer.text(CLOSE)
  const answer = { status, body: writer.finish(), code: worst.code }
  return retriable && status === 503 ? { ...answer, retryAfterS: RETRY_AFTER_S } : answer
}

/** What follows the partition of a failed record, to its closing brace. A batch fails as one: the text is made once for all its records. */
function fateOf(failure: RecordFailure, fates: Map<RecordFailure, Buffer>): Buffer {
  const known = fates.get(failure)
  if (known !== undefined) return known
  const fate = membersOf(failure, failure.stored)
  fate[0] = COMMA
  fates.set(failure, fate)
  return fate
}

/** The members of an error, as a JSON object. */
function membersOf(
  { code, message, retriable }: Pick<RecordFailure, 'code' | 'message' | 'retriable'>,
  stored?: RecordFailure['stored']
): Buffer {
  return Buffer.from(JSON.stringify({ error_code: errorCatalogue[code].errorCode, code, message, retriable, stored }))
}

function statusOf({ code }: RecordFailure): number {
  return Math.floor(errorCatalogue[code].errorCode / 100)
}

/** Smaller is worse. Of one status the unknown outcome leads: no other may say for it that nothing was stored. */
function severity(failure: RecordFailure): number {
  const rank = WORST_FIRST.indexOf(statusOf(failure))
  return (rank < 0 ? WORST_FIRST.length : rank) * 2 + (failure.stored === 'unknown' ? 0 : 1)
}
