import { isUtf8 } from 'node:buffer'
import {
  PAGE_CHUNK,
  PAGE_HEADERS_START,
  PAGE_KEY_LENGTH,
  PAGE_KEY_START,
  PAGE_STRIDE,
  PAGE_VALUE_LENGTH,
  PAGE_VALUE_START,
  type RecordPage
} from '../../../core/record-page.ts'
import { fixedText, type FixedText, TextWriter, viewOf } from './text-writer.ts'

export interface PageEncoding {
  /** `auto`: text where the bytes are UTF-8, else base64. */
  readonly keys: 'auto' | 'base64'
  readonly values: 'auto' | 'base64'
}

/** Memory that is free in front of a page: enough for the head of its answer. */
export const PAGE_FRONT_BYTES = 1024

const OPEN = fixedText('{"records":[')
const KEY = fixedText('{"key":')
const NEXT_KEY = fixedText(',{"key":')
/** From the end of one record to the key of the next. */
const NEXT_RECORD = fixedText('},{"key":')
/** The same with no key, to the value of the next. */
const NEXT_RECORD_WITHOUT_KEY = fixedText('},{"key":null,"value":')
const KEY_ENCODING = fixedText(',"key_encoding":"base64"')
const VALUE = fixedText(',"value":')
const VALUE_ENCODING = fixedText(',"value_encoding":"base64"')
const TIMESTAMP_NAME = ',"timestamp":'
/** By whether the broker set it. */
const TIMESTAMP_TYPES = [',"timestampType":"CREATE_TIME"', ',"timestampType":"LOG_APPEND_TIME"']
const TIMESTAMP = fixedText(TIMESTAMP_NAME)
const TYPES = TIMESTAMP_TYPES.map(fixedText)
const HEADERS = fixedText(',"headers":[')
const NULL = fixedText('null')
const CLOSE_ARRAY = fixedText(']')
const CLOSE_OBJECT = fixedText('}')
const CLOSE = fixedText(']}')
const CLOSE_RECORDS = fixedText('}]}')
/** After so many records of one timestamp in a row, which is what one request leaves behind, its text is kept. */
const WORTH_KEEPING = 16
/** More than all fixed texts that stand between two values, with numbers at their longest. */
const BETWEEN_BYTES = 256
/** What a record takes besides key and value, as a rule: with `value_encoding` it is more. */
const USUAL_RECORD_BYTES = { auto: 144, base64: 170 }
/** What becomes of a byte of keys and values, as a rule. */
const USUAL_GROWTH = { auto: 1.1, base64: 1.34 }

const NO_CHUNK: Buffer = Buffer.alloc(0)
const NO_VIEW = viewOf(NO_CHUNK)

/** By partition, as asked for. */
const partitionTexts: FixedText[] = []

/** The body of a read: JSON text written straight from the bytes of the record batches, {@link PAGE_FRONT_BYTES} behind free memory. */
export function writePage(page: RecordPage, encoding: PageEncoding): Buffer {
  return new PageWriter(page, encoding).write()
}

/** A text that outgrows its buffer is copied to one of twice the size. */
function likelyBytes({ payloadBytes, count }: RecordPage, { values }: PageEncoding): number {
  return 64 + Math.ceil(payloadBytes * USUAL_GROWTH[values]) + count * USUAL_RECORD_BYTES[values]
}

class PageWriter {
  readonly #page: RecordPage
  readonly #encoding: PageEncoding
  readonly #writer: TextWriter
  readonly #partition: FixedText
  /** The chunk that the present record lies in. */
  #chunk = NO_CHUNK
  #view = NO_VIEW
  #chunkNumber = -1
  /** Within the header section that is being read. */
  #position = 0
  /** Of the last record; how many in a row had it, and its text once it is kept. */
  #timestamp = NaN
  #timestampType = 0
  #sameTimes = 0
  #time: FixedText | undefined

  constructor(page: RecordPage, encoding: PageEncoding) {
    this.#page = page
    this.#encoding = encoding
    this.#writer = new TextWriter(likelyBytes(page, encoding), PAGE_FRONT_BYTES)
    this.#partition = partitionTexts[page.partition] ??= fixedText(`,"partition":${page.partition},"offset":`)
  }

  write(): Buffer {
    const writer = this.#writer
    writer.text(OPEN)
    for (let record = 0; record < this.#page.count; record++) this.#record(record)
    writer.room(CLOSE_RECORDS.length)
    writer.text(this.#page.count === 0 ? CLOSE : CLOSE_RECORDS)
    return writer.finish()
  }

  #record(record: number): void {
    const { spans, offsets } = this.#page
    const writer = this.#writer
    const at = record * PAGE_STRIDE
    if (spans[at + PAGE_CHUNK] !== this.#chunkNumber) this.#enterChunk(spans[at + PAGE_CHUNK])
    writer.room(BETWEEN_BYTES)
    if (record > 0 && spans[at + PAGE_KEY_LENGTH] < 0) writer.text(NEXT_RECORD_WITHOUT_KEY)
    else this.#key(record === 0, spans[at + PAGE_KEY_START], spans[at + PAGE_KEY_LENGTH])
    const valueAsText = this.#bytes(spans[at + PAGE_VALUE_START], spans[at + PAGE_VALUE_LENGTH], this.#encoding.values)
    writer.room(BETWEEN_BYTES)
    if (!valueAsText) writer.text(VALUE_ENCODING)
    writer.text(this.#partition)
    writer.integer(offsets[record])
    this.#writeTime(record)
    const headersStart = spans[at + PAGE_HEADERS_START]
    if (headersStart >= 0) this.#headers(headersStart)
  }

  #key(first: boolean, start: number, length: number): void {
    const writer = this.#writer
    writer.text(first ? KEY : NEXT_RECORD)
    const asText = this.#bytes(start, length, this.#encoding.keys)
    writer.room(BETWEEN_BYTES)
    if (!asText) writer.text(KEY_ENCODING)
    writer.text(VALUE)
  }

  #writeTime(record: number): void {
    const writer = this.#writer
    const timestamp = this.#page.timestamps[record]
    const type = this.#page.logAppendTime[record]
    if (timestamp !== this.#timestamp || type !== this.#timestampType) {
      this.#timestamp = timestamp
      this.#timestampType = type
      this.#sameTimes = 0
      this.#time = undefined
    } else if (++this.#sameTimes === WORTH_KEEPING) {
      this.#time = fixedText(`${TIMESTAMP_NAME}${timestamp}${TIMESTAMP_TYPES[type]}`)
    }
    if (this.#time !== undefined) return writer.text(this.#time)
    writer.text(TIMESTAMP)
    writer.integer(timestamp)
    writer.text(TYPES[type])
  }

  #enterChunk(number: number): void {
    this.#chunkNumber = number
    this.#chunk = this.#page.chunks[number]
    this.#view = viewOf(this.#chunk)
  }

  readonly #isText = (start: number, end: number) => isUtf8(this.#chunk.subarray(start, end))

  /** Returns false where the bytes were written as base64. */
  #bytes(start: number, length: number, encoding: 'auto' | 'base64'): boolean {
    const writer = this.#writer
    if (length < 0) {
      writer.text(NULL)
      return true
    }
    const end = start + length
    if (encoding === 'auto' && writer.quoted(this.#chunk, this.#view, start, end, this.#isText)) return true
    writer.base64(this.#chunk, this.#view, start, end)
    return false
  }

  /**
   * Kafka's encoding: a count, then key length, key, value length and value of each, lengths as zigzag varints. That they add
   * up was checked when the batch was decoded.
   */
  #headers(start: number): void {
    const writer = this.#writer
    this.#position = start
    writer.text(HEADERS)
    const count = this.#varint()
    for (let header = 0; header < count; header++) {
      const keyLength = this.#varint()
      const keyStart = this.#position
      this.#position += keyLength
      const valueLength = this.#varint()
      const valueStart = this.#position
      if (valueLength > 0) this.#position += valueLength
      writer.room(BETWEEN_BYTES)
      writer.text(header === 0 ? KEY : NEXT_KEY)
      const keyAsText = this.#bytes(keyStart, keyLength, 'auto')
      writer.room(BETWEEN_BYTES)
      if (!keyAsText) writer.text(KEY_ENCODING)
      writer.text(VALUE)
      const valueAsText = this.#bytes(valueStart, valueLength, 'auto')
      writer.room(BETWEEN_BYTES)
      if (!valueAsText) writer.text(VALUE_ENCODING)
      writer.text(CLOSE_OBJECT)
    }
    writer.text(CLOSE_ARRAY)
  }

  #varint(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.#chunk[this.#position++]
      value |= (byte & 0x7f) << shift
      if (!(byte >= 0x80)) return (value >>> 1) ^ -(value & 1)
    }
  }
}
