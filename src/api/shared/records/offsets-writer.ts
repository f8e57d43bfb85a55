import { errorCatalogue } from '../../../core/error-catalogue.ts'
import type { ProduceOutcome, RecordFailure } from '../../../core/produce-outcome.ts'
import { fixedText, type FixedText } from './fixed-text.ts'
import { TextWriter } from './text-writer.ts'

/** How a dialect answers a produce request: `offsets`, with an entry for each record. */
export interface OffsetsForm {
  /** What stands behind partition and offset of a stored record. */
  readonly stored: string
  /** What stands behind the last entry. */
  readonly close: string
  /** Begins the entry of a failed record with its partition; {@link failed} goes on behind that. */
  readonly failedPartition: boolean
  /** The JSON text of the entry of a failed record, to its closing brace. Called once for all records of a failure. */
  failed(failure: RecordFailure): string
}

const OPEN = fixedText('{"offsets":[')
const PARTITION = fixedText('{"partition":')
const NEXT_PARTITION = fixedText(',{"partition":')
const OFFSET = fixedText(',"offset":')
const COMMA = fixedText(',')
/** `,{"partition":2147483647,"offset":9007199254740991` */
const RECORD_BYTES = 51
/** Worst first; others come after these, by their status. */
const WORST_FIRST = [504, 500, 503, 413, 403, 400]

/** Writes the answers to produce requests in the form of one dialect. Make one for each form, not for each request. */
export class OffsetsWriter {
  readonly #form: OffsetsForm
  readonly #stored: FixedText
  readonly #close: FixedText

  constructor(form: OffsetsForm) {
    this.#form = form
    this.#stored = fixedText(form.stored)
    this.#close = fixedText(form.close)
  }

  /** @param members JSON text of what stands in front of the offsets, such as an error: `"a":1,"b":2` */
  write(outcome: ProduceOutcome, members?: string): Buffer {
    const { count, failures } = outcome
    const recordBytes = RECORD_BYTES + this.#stored.length
    const writer = new TextWriter(OPEN.length + count * recordBytes + this.#close.length)
    if (members === undefined) writer.text(OPEN)
    else writer.append(Buffer.from(`{${members},"offsets":[`))
    if (failures === undefined) {
      for (let record = 0; record < count; record++) this.#writeStored(writer, outcome, record)
    } else this.#writeMixed(writer, outcome, failures)
    writer.room(this.#close.length)
    writer.text(this.#close)
    return writer.finish()
  }

  #writeStored(writer: TextWriter, outcome: ProduceOutcome, record: number): void {
    writer.room(RECORD_BYTES + this.#stored.length)
    writePartition(writer, outcome, record)
    writer.text(OFFSET)
    writer.integer(outcome.offsets[record])
    writer.text(this.#stored)
  }

  #writeMixed(writer: TextWriter, outcome: ProduceOutcome, failures: ReadonlyMap<number, RecordFailure>): void {
    const entries = new Map<RecordFailure, Buffer>()
    for (let record = 0; record < outcome.count; record++) {
      const failure = failures.get(record)
      if (failure === undefined) this.#writeStored(writer, outcome, record)
      else {
        writer.room(RECORD_BYTES)
        if (this.#form.failedPartition) writePartition(writer, outcome, record)
        else if (record > 0) writer.text(COMMA)
        writer.append(this.#entryOf(failure, entries))
      }
    }
  }

  /** A batch fails as one: all its records share a failure, and its text. */
  #entryOf(failure: RecordFailure, entries: Map<RecordFailure, Buffer>): Buffer {
    const known = entries.get(failure)
    if (known !== undefined) return known
    const entry = Buffer.from(this.#form.failed(failure))
    entries.set(failure, entry)
    return entry
  }
}

function writePartition(writer: TextWriter, { partitions }: ProduceOutcome, record: number): void {
  writer.text(record === 0 ? PARTITION : NEXT_PARTITION)
  writer.integer(partitions[record])
}

/** Returns the failure that an answer as a whole stands for. */
export function worstFailure(failures: ReadonlyMap<number, RecordFailure>): RecordFailure {
  return [...new Set(failures.values())].reduce((one, other) => (severity(other) < severity(one) ? other : one))
}

/** The HTTP status of a failure. */
export function statusOf({ code }: RecordFailure): number {
  return errorCatalogue[code].status
}

/** Smaller is worse. Of one status an unknown fate is worse: no other failure may say for it that nothing was stored. */
function severity(failure: RecordFailure): number {
  const rank = WORST_FIRST.indexOf(statusOf(failure))
  return (rank < 0 ? WORST_FIRST.length : rank) * 2 + (failure.stored === 'unknown' ? 0 : 1)
}
