import { GatewayError } from '../../../core/errors.ts'
import { SPAN_STRIDE, type RecordTable } from '../../../core/record-table.ts'
import { INT32_LIMIT } from '../../../http/limits.ts'
import { invalid, memberAt, objectAt, type Place } from './body-error.ts'
import { HeaderCollector } from './header-collector.ts'
import type { JsonCursor } from './json-cursor.ts'
import { decodeText, NOT_BASE64, readEncoding } from './json-text.ts'
import { readInteger, readMember, readNull } from './members.ts'
import {
  HEADERS,
  ISO_TIMESTAMP,
  KEY,
  KEY_ENCODING,
  PARTITION,
  RECORDS,
  TIMESTAMP,
  VALUE,
  VALUE_ENCODING,
  type RecordPlan,
  type ValuePlan
} from './record-form.ts'
import { readHeaders } from './record-headers.ts'
import { readInstant } from './timestamps.ts'
import { readTyped } from './typed-value.ts'
import { findValue, ValueSpan } from './value-span.ts'

const BODY: Place = { path: () => 'The body' }
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COLON = 0x3a
/** `{"value":`, as most records begin, without its colon. */
const VALUE_FIRST = Buffer.from('{"value"')
const VALUE_FIRST_0 = VALUE_FIRST.readInt32LE(0)
const VALUE_FIRST_4 = VALUE_FIRST.readInt32LE(4)
/** V8 keeps a table of so many rows on its own heap: a request of one record allocates nothing outside. */
const FIRST_ROWS = 3

/** One pass over a body, or over lines, in the form of one dialect. */
export class RecordScan implements Place {
  readonly #plan: RecordPlan
  readonly #cursor: JsonCursor
  readonly #recordsLimit: number
  readonly #partition: number
  readonly #key = new ValueSpan()
  readonly #value = new ValueSpan()
  #spans = new Int32Array(FIRST_ROWS * SPAN_STRIDE)
  #count = 0
  /** The body is an array of records. */
  #isList = false
  #timestamps: number[] | undefined
  #headers: HeaderCollector | undefined

  /** @param recordsLimit of a body that holds its records in an array */
  constructor(plan: RecordPlan, cursor: JsonCursor, recordsLimit: number, partition: number) {
    this.#plan = plan
    this.#cursor = cursor
    this.#recordsLimit = recordsLimit
    this.#partition = partition
  }

  /** Number of records read. */
  get count(): number {
    return this.#count
  }

  /** Reads the line at which the cursor stands. Returns false if it is empty. If it throws, the record leaves no trace. */
  readLine(): boolean {
    const cursor = this.#cursor
    if (cursor.ends()) return false
    try {
      if (cursor.peek() !== OPEN_BRACE) {
        cursor.skipValue(0)
        cursor.end()
        throw invalid('The line must be an object.')
      }
      this.#readRecord()
      cursor.end()
    } catch (error) {
      if (this.#timestamps !== undefined && this.#timestamps.length > this.#count) this.#timestamps.length = this.#count
      this.#headers?.drop(this.#count)
      throw error
    }
    this.#count++
    return true
  }

  /** Reads a body that is one record, or an array of them. */
  readMessage(): RecordTable {
    const cursor = this.#cursor
    if (cursor.peek() !== OPEN_BRACKET) return this.read()
    this.#isList = true
    this.#readRecords()
    cursor.end()
    if (this.#count === 0) throw invalid('The array must have at least one record.', 'missing')
    return this.table()
  }

  /** Reads the body whole. */
  read(): RecordTable {
    const { bodyNames, recordsMember } = this.#plan
    const cursor = this.#cursor
    if (cursor.peek() !== OPEN_BRACE) {
      cursor.skipValue(0)
      const wanted = bodyNames === null ? 'an object' : `an object with the member ${recordsMember}`
      throw invalid(`The body must be ${wanted}.`)
    }
    if (bodyNames === null) {
      this.#readRecord()
      this.#count = 1
    } else this.#readBody(bodyNames)
    cursor.end()
    return this.table()
  }

  #readBody(names: NonNullable<RecordPlan['bodyNames']>): void {
    const { recordsMember, mayBeEmpty } = this.#plan
    const cursor = this.#cursor
    let seen = 0
    let more = cursor.enter(OPEN_BRACE, CLOSE_BRACE)
    while (more) {
      const member = readMember(cursor, names, seen, BODY)
      seen |= 1 << member
      if (member === RECORDS) this.#readRecords()
      else cursor.skipValue(1)
      more = cursor.next(CLOSE_BRACE)
    }
    if (this.#count > 0) return
    // What follows the body would be the greater fault.
    cursor.end()
    if ((seen & (1 << RECORDS)) === 0) throw invalid(`The body has no member ${recordsMember}.`, 'missing')
    if (!mayBeEmpty) throw invalid(`${recordsMember} must have at least one entry.`, 'missing')
  }

  /** Returns what was read. */
  table(): RecordTable {
    return {
      bytes: this.#cursor.bytes,
      count: this.#count,
      spans: this.#spans,
      ...(this.#timestamps === undefined ? {} : { timestamps: filled(this.#timestamps, this.#count) }),
      ...(this.#headers === undefined || this.#headers.count === 0
        ? {}
        : { headers: this.#headers.finish(this.#count) })
    }
  }

  #readRecords(): void {
    const cursor = this.#cursor
    const { recordsMember } = this.#plan
    if (cursor.peek() !== OPEN_BRACKET) throw invalid(`${recordsMember} must be an array.`)
    if (!cursor.enter(OPEN_BRACKET, CLOSE_BRACKET)) return
    do {
      if (this.#count === this.#recordsLimit) {
        throw new GatewayError(
          'TOO_MANY_RECORDS',
          `${recordsMember || 'The array'} has more than ${this.#recordsLimit} entries.`
        )
      }
      this.#readRecord()
      this.#count++
    } while (cursor.next(CLOSE_BRACKET))
  }

  /** Of the record being read. */
  path(): string {
    const isAlone = this.#plan.bodyNames === null && !this.#isList
    return isAlone ? '' : `${this.#plan.recordsMember}[${this.#count}]`
  }

  #readRecord(): void {
    const cursor = this.#cursor
    if (cursor.peek() !== OPEN_BRACE) throw invalid(`${objectAt(this)} must be an object.`)
    const plan = this.#plan
    const key = this.#key
    const value = this.#value
    key.start = value.start = -1
    key.base64 = plan.keys.base64
    value.base64 = plan.values.base64
    let partition = this.#partition
    let seen = 0
    let more: boolean
    if (cursor.skipNine(VALUE_FIRST_0, VALUE_FIRST_4, COLON)) {
      this.#readValue(value, plan.values, 'value')
      seen = plan.valueBit
      more = cursor.next(CLOSE_BRACE)
    } else more = cursor.enter(OPEN_BRACE, CLOSE_BRACE)
    while (more) {
      const member = readMember(cursor, plan.names, seen, this)
      seen |= 1 << member
      const role = plan.roles[member]
      if (role === VALUE) this.#readValue(value, plan.values, 'value')
      else if (role === KEY) this.#readValue(key, plan.keys, 'key')
      else if (role === PARTITION) partition = this.#readPartition(plan.names.texts[member])
      else this.#readRare(role, plan.names.texts[member])
      more = cursor.next(CLOSE_BRACE)
    }
    if ((seen & plan.requiredBits) !== plan.requiredBits)
      throw invalid(`${objectAt(this)} has no value; null would be a tombstone.`, 'missing')
    this.#add(key, value, partition)
  }

  #readRare(role: number, name: string): void {
    if (role === HEADERS) this.#readHeaders()
    else if (role === KEY_ENCODING) this.#key.base64 = readEncoding(this.#cursor, this, name)
    else if (role === VALUE_ENCODING) this.#value.base64 = readEncoding(this.#cursor, this, name)
    else if (role === TIMESTAMP || role === ISO_TIMESTAMP) this.#readTimestamp(role)
    else this.#cursor.skipValue(this.#plan.depth)
  }

  #readValue(span: ValueSpan, plan: ValuePlan, member: 'key' | 'value'): void {
    if (plan.typed) readTyped(this.#cursor, span, plan, { path: () => memberAt(this, member) })
    else findValue(this.#cursor, span, plan)
  }

  #add(key: ValueSpan, value: ValueSpan, partition: number): void {
    const at = this.#count * SPAN_STRIDE
    if (at === this.#spans.length) {
      const larger = new Int32Array(this.#spans.length * 2)
      larger.set(this.#spans)
      this.#spans = larger
    }
    const spans = this.#spans
    spans[at] = key.start
    spans[at + 1] = this.#lengthOf(key, 'key')
    spans[at + 2] = value.start
    spans[at + 3] = this.#lengthOf(value, 'value')
    spans[at + 4] = partition
  }

  #lengthOf({ start, end, isText, escaped, base64 }: ValueSpan, member: 'key' | 'value'): number {
    if (start < 0) return -1
    if (isText) {
      if (!escaped && base64 === NOT_BASE64) return end - start
      return decodeText(this.#cursor.bytes, start, end, escaped, base64, this, member)
    }
    const plan = member === 'key' ? this.#plan.keys : this.#plan.values
    if (plan.stringOnly || base64 !== NOT_BASE64) throw this.#noString(plan, member)
    return end - start
  }

  #noString({ stringOnly, base64 }: ValuePlan, member: 'key' | 'value'): GatewayError {
    const why = stringOnly ? (base64 === NOT_BASE64 ? '' : ' of base64') : `, as ${member}_encoding says base64`
    return invalid(`${memberAt(this, member)} must be a string${why}.`, stringOnly ? 'encoding' : 'value')
  }

  #readPartition(member: string): number {
    if (readNull(this.#cursor)) return this.#partition
    const refused = () =>
      new GatewayError(
        'INVALID_PARTITION',
        `${memberAt(this, member)} must be a whole number from 0 to ${INT32_LIMIT}.`
      )
    return readInteger(this.#cursor, 0, INT32_LIMIT, refused)
  }

  #readTimestamp(role: number): void {
    if (readNull(this.#cursor)) return
    const timestamps = (this.#timestamps ??= [])
    while (timestamps.length < this.#count) timestamps.push(NaN)
    timestamps.push(role === TIMESTAMP ? this.#readMilliseconds() : readInstant(this.#cursor, this, 'timestamp'))
  }

  #readMilliseconds(): number {
    const refused = () => invalid(`${memberAt(this, 'timestamp')} must be a whole number of milliseconds since 1970.`)
    return readInteger(this.#cursor, 0, Number.MAX_SAFE_INTEGER, refused)
  }

  #readHeaders(): void {
    if (readNull(this.#cursor)) return
    const headers = (this.#headers ??= new HeaderCollector())
    headers.close(this.#count)
    readHeaders(this.#cursor, this.#plan.headers, this, headers)
  }
}

/** Fills up with NaN for the records behind the last one that brought a timestamp. */
function filled(timestamps: readonly number[], count: number): Float64Array {
  const all = new Float64Array(count).fill(NaN)
  all.set(timestamps)
  return all
}
