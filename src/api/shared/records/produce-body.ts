import { GatewayError } from '../../../core/errors.ts'
import { SPAN_STRIDE, type RecordTable } from '../../../core/record-table.ts'
import { HeaderCollector } from './header-collector.ts'
import { INT32_LIMIT } from '../../../http/limits.ts'
import { isDigit, JsonCursor } from './json-cursor.ts'
import { invalid, readInteger, memberNames, readMember, readNull } from './members.ts'
import { decodeText, readEncoding, readHeaders } from './record-headers.ts'

export interface ProduceBodyLimits {
  readonly jsonDepth: number
  readonly recordsPerRequest: number
}

const BODY_NAMES = memberNames('records')
const RECORD_NAMES = memberNames('key', 'value', 'partition', 'headers', 'timestamp', 'key_encoding', 'value_encoding')
const KEY = 0
const VALUE = 1
const PARTITION = 2
const HEADERS = 3
const TIMESTAMP = 4
const KEY_ENCODING = 5

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const QUOTE = 0x22
const COLON = 0x3a
const LETTER_N = 0x6e
/** `{"value":`, as most records begin, but for its colon. */
const VALUE_FIRST = Buffer.from('{"value"')
const VALUE_FIRST_0 = VALUE_FIRST.readInt32LE(0)
const VALUE_FIRST_4 = VALUE_FIRST.readInt32LE(4)
/** Containers around a value: the body, `records`, the record. */
const DEPTH_OF_VALUE = 3
/** As many as V8 keeps on its own heap: a request of one record allocates nothing outside. */
const FIRST_ROWS = 3

/**
 * Reads a produce request in one pass: checks it whole and notes where each record's key and value stand in `body`, which
 * it may change (escapes and base64 are decoded in place). Numbers, objects, arrays and the rest are kept as they were sent.
 * Throws MALFORMED_JSON, INVALID_BODY, INVALID_PARTITION or TOO_MANY_RECORDS, naming record and member.
 */
export function parseProduceBody(body: Buffer, limits: ProduceBodyLimits): RecordTable {
  return new ProduceBody(body, limits).read()
}

/** A key or value as it was found: `start` is −1 where there is none. */
class Found {
  start = -1
  end = 0
  isString = false
  escaped = false

  clear(): void {
    this.start = -1
  }
}

class ProduceBody {
  readonly #cursor: JsonCursor
  readonly #limits: ProduceBodyLimits
  readonly #key = new Found()
  readonly #value = new Found()
  #spans = new Int32Array(FIRST_ROWS * SPAN_STRIDE)
  #count = 0
  #timestamps: number[] | undefined
  #headers: HeaderCollector | undefined

  constructor(body: Buffer, limits: ProduceBodyLimits) {
    this.#cursor = new JsonCursor(body, limits.jsonDepth)
    this.#limits = limits
  }

  read(): RecordTable {
    const cursor = this.#cursor
    if (cursor.peek() !== OPEN_BRACE) {
      cursor.skipValue(0)
      throw invalid('The body must be an object with the member records.')
    }
    let seen = 0
    let more = cursor.enter(OPEN_BRACE, CLOSE_BRACE)
    while (more) {
      seen |= 1 << readMember(cursor, BODY_NAMES, seen, () => 'The body')
      this.#readRecords()
      more = cursor.next(CLOSE_BRACE)
    }
    cursor.end()
    if (this.#count === 0)
      throw invalid(seen === 0 ? 'The body has no member records.' : 'records must have at least one entry.')
    return this.#table()
  }

  #table(): RecordTable {
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
    if (cursor.peek() !== OPEN_BRACKET) throw invalid('records must be an array.')
    if (!cursor.enter(OPEN_BRACKET, CLOSE_BRACKET)) return
    do {
      if (this.#count === this.#limits.recordsPerRequest) {
        throw new GatewayError('TOO_MANY_RECORDS', `records has more than ${this.#limits.recordsPerRequest} entries.`)
      }
      this.#readRecord()
      this.#count++
    } while (cursor.next(CLOSE_BRACKET))
  }

  readonly #where = () => `records[${this.#count}]`
  readonly #badPartition = () =>
    new GatewayError('INVALID_PARTITION', `${this.#where()}.partition must be a whole number from 0 to ${INT32_LIMIT}.`)
  readonly #badTimestamp = () =>
    invalid(`${this.#where()}.timestamp must be a whole number of milliseconds since 1970.`)

  #readRecord(): void {
    const cursor = this.#cursor
    if (cursor.peek() !== OPEN_BRACE) throw invalid(`${this.#where()} must be an object.`)
    this.#key.clear()
    this.#value.clear()
    let partition = -1
    let keyBase64 = false
    let valueBase64 = false
    let seen = 0
    let more: boolean
    if (cursor.skipNine(VALUE_FIRST_0, VALUE_FIRST_4, COLON)) {
      this.#readValue(this.#value)
      seen = 1 << VALUE
      more = cursor.next(CLOSE_BRACE)
    } else more = cursor.enter(OPEN_BRACE, CLOSE_BRACE)
    while (more) {
      const member = readMember(cursor, RECORD_NAMES, seen, this.#where)
      seen |= 1 << member
      if (member === VALUE) this.#readValue(this.#value)
      else if (member === KEY) this.#readValue(this.#key)
      else if (member === PARTITION) partition = this.#readPartition()
      else if (member === HEADERS) this.#readHeaders()
      else if (member === TIMESTAMP) this.#readTimestamp()
      else if (member === KEY_ENCODING) keyBase64 = readEncoding(cursor, this.#where, 'key_encoding')
      else valueBase64 = readEncoding(cursor, this.#where, 'value_encoding')
      more = cursor.next(CLOSE_BRACE)
    }
    if ((seen & (1 << VALUE)) === 0) throw invalid(`${this.#where()} has no value; null would be a tombstone.`)
    this.#add(keyBase64, valueBase64, partition)
  }

  #readValue(found: Found): void {
    const cursor = this.#cursor
    const byte = cursor.peek()
    if (byte === LETTER_N) return cursor.skipWord('null')
    const start = cursor.position
    found.isString = byte === QUOTE
    if (found.isString) {
      found.escaped = cursor.skipString()
      found.start = start + 1
      found.end = cursor.position - 1
    } else {
      if (isDigit(byte)) cursor.skipNumber()
      else cursor.skipValue(DEPTH_OF_VALUE)
      found.start = start
      found.end = cursor.position
    }
  }

  #add(keyBase64: boolean, valueBase64: boolean, partition: number): void {
    const at = this.#count * SPAN_STRIDE
    if (at === this.#spans.length) {
      const larger = new Int32Array(this.#spans.length * 2)
      larger.set(this.#spans)
      this.#spans = larger
    }
    this.#spans[at] = this.#key.start
    this.#spans[at + 1] = this.#lengthOf(this.#key, keyBase64, 'key')
    this.#spans[at + 2] = this.#value.start
    this.#spans[at + 3] = this.#lengthOf(this.#value, valueBase64, 'value')
    this.#spans[at + 4] = partition
  }

  #lengthOf({ start, end, isString, escaped }: Found, base64: boolean, member: 'key' | 'value'): number {
    if (start < 0) return -1
    if (isString) {
      if (!escaped && !base64) return end - start
      return decodeText(this.#cursor.bytes, start, end, escaped, base64, this.#where, member)
    }
    if (base64) throw invalid(`${this.#where()}.${member} must be a string, as ${member}_encoding says base64.`)
    return end - start
  }

  #readPartition(): number {
    if (readNull(this.#cursor)) return -1
    return readInteger(this.#cursor, 0, INT32_LIMIT, this.#badPartition)
  }

  #readTimestamp(): void {
    if (readNull(this.#cursor)) return
    const timestamps = (this.#timestamps ??= [])
    while (timestamps.length < this.#count) timestamps.push(NaN)
    timestamps.push(readInteger(this.#cursor, 0, Number.MAX_SAFE_INTEGER, this.#badTimestamp))
  }

  #readHeaders(): void {
    if (readNull(this.#cursor)) return
    const headers = (this.#headers ??= new HeaderCollector())
    headers.close(this.#count)
    readHeaders(this.#cursor, this.#where, headers)
  }
}

/** NaN also for the records after the last one that brought a timestamp. */
function filled(timestamps: readonly number[], count: number): Float64Array {
  const all = new Float64Array(count).fill(NaN)
  all.set(timestamps)
  return all
}
