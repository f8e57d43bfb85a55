import { isUtf8 } from 'node:buffer'
import { GatewayError } from '../../../core/errors.ts'
import type { RecordTable } from '../../../core/record-table.ts'
import { malformed } from './body-error.ts'
import { JsonCursor } from './json-cursor.ts'
import { recordPlan, type RecordForm, type RecordPlan } from './record-form.ts'
import { RecordScan } from './record-scan.ts'

/** A line that is no record. */
export interface RefusedLine {
  /** Number of the line, from 0. */
  readonly line: number
  /** How many records come before it. */
  readonly record: number
  readonly error: GatewayError
}

/** Lines as they were read. */
export interface LineTable {
  readonly table: RecordTable
  /** How many lines were read, empty ones included. */
  readonly lines: number
  /** Bytes of the lines that were read. */
  readonly readBytes: number
  /** By record: the number of its line, from 0; undefined if every line is a record. */
  readonly lineOf: readonly number[] | undefined
  readonly refused: readonly RefusedLine[]
}

/** Lines to be read: each of them ends with a line feed. */
export interface Lines {
  readonly bytes: Buffer
  /** Where empty lines stand in place of lines that were too long to be kept. */
  readonly tooLong: readonly number[]
}

export interface LineLimits {
  readonly jsonDepth: number
  /** Of a line. */
  readonly bodyBytes: number
}

const LINE_FEED = 0x0a
/** An error costs some microseconds: others are served before more of them are made. */
const REFUSED_AT_ONCE = 64

/** Reads lines of JSON, each of them a record in the form of one dialect. Make one for each form, not for each stream. */
export class LineReader {
  readonly #plan: RecordPlan

  constructor(form: Omit<RecordForm, 'records'>) {
    this.#plan = recordPlan({ ...form, records: null })
  }

  /**
   * Reads lines until the last one, or some way further than many that are no records. Decodes in place, as
   * {@link RecordReader.read} does, and overwrites the line feeds. Lines of white space only are passed over. Throws nothing:
   * lines are refused with MALFORMED_JSON, INVALID_BODY, INVALID_PARTITION or BODY_TOO_LARGE.
   */
  read({ bytes, tooLong }: Lines, limits: LineLimits): LineTable {
    const cursor = new JsonCursor(bytes, bytes.length, limits.jsonDepth, 'The line')
    const scan = new RecordScan(this.#plan, cursor, 1, -1)
    const isText = isUtf8(bytes)
    const refused: RefusedLine[] = []
    let lineOf: number[] | undefined
    let lines = 0
    let start = 0
    for (let long = 0; start < bytes.length && refused.length < REFUSED_AT_ONCE; lines++) {
      const end = bytes.indexOf(LINE_FEED, start)
      // Nothing reads on beyond a 0, so that no value begins in one line and ends in another.
      bytes[end] = 0
      cursor.goTo(start, end)
      let isRecord = false
      try {
        if (end - start > limits.bodyBytes || start === tooLong[long]) throw lineTooLong(limits.bodyBytes)
        if (!isText && !isUtf8(bytes.subarray(start, end))) throw malformed('The line is not valid UTF-8.')
        isRecord = scan.readLine()
      } catch (error) {
        if (!(error instanceof GatewayError)) throw error
        refused.push({ line: lines, record: scan.count, error })
      }
      if (start === tooLong[long]) long++
      if (isRecord) lineOf?.push(lines)
      else lineOf ??= Array.from({ length: scan.count }, (_, record) => record)
      start = end + 1
    }
    return { table: scan.table(), lines, readBytes: start, lineOf, refused }
  }
}

function lineTooLong(limitBytes: number): GatewayError {
  return new GatewayError('BODY_TOO_LARGE', `The line is longer than ${limitBytes} bytes.`)
}
