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
} from '../../core/record-page.ts'
import { fixedText, type FixedText, TextWriter, viewOf } from './text-writer.ts'

export interface PageEncoding {
  /** `auto`: text where the bytes are UTF-8, else base64. */
  readonly keys: 'auto' | 'base64'
  readonly values: 'auto' | 'base64'
}

const OPEN = fixedText('{"records":[')
const KEY = fixedText('{"key":')
const NEXT_KEY = fixedText(',{"key":')
const KEY_ENCODING = fixedText(',"key_encoding":"base64"')
const VALUE = fixedText(',"value":')
const VALUE_ENCODING = fixedText(',"value_encoding":"base64"')
const TIMESTAMP = fixedText(',"timestamp":')
const CREATE_TIME = fixedText(',"timestampType":"CREATE_TIME"')
const LOG_APPEND_TIME = fixedText(',"timestampType":"LOG_APPEND_TIME"')
const HEADERS = fixedText(',"headers":[')
const NULL = fixedText('null')
const CLOSE_ARRAY = fixedText(']')
const CLOSE_OBJECT = fixedText('}')
const CLOSE = fixedText(']}')
/** More than all fixed texts that stand between two values, with numbers at their longest. */
const BETWEEN_BYTES = 256
/** What a record takes besides key and value, as a rule. */
const USUAL_RECORD_BYTES = 144

/** By partition, as asked for. */
const partitionTexts: FixedText[] = []

/** The body of a read: JSON text written straight from the bytes of the record batches. */
export function writePage(page: RecordPage, encoding: PageEncoding): Buffer {
  return new PageWriter(page, encoding).write()
}

class PageWriter {
  readonly #page: RecordPage
  readonly #encoding: PageEncoding
  readonly #writer: TextWriter
  readonly #partition: FixedText
  /** The chunk that the present record lies in. */
  #chunk: Buffer = Buffer.alloc(0)
  #view = viewOf(this.#chunk)
  #chunkNumber = -1
  /** Within the header section that is being read. */
  #position = 0

  constructor(page: RecordPage, encoding: PageEncoding) {
    this.#page = page
    this.#encoding = encoding
    this.#writer = new TextWriter(64 + Math.ceil(page.payloadBytes * 1.1) + page.count * USUAL_RECORD_BYTES)
    this.#partition = partitionTexts[page.partition] ??= fixedText(`,"partition":${page.partition},"offset":`)
  }

  write(): Buffer {
    const writer = this.#writer
    writer.text(OPEN)
    for (let record = 0; record < this.#page.count; record++) this.#record(record)
    writer.room(CLOSE.length)
    writer.text(CLOSE)
    return writer.finish()
  }

  #record(record: number): void {
    const { spans, offsets, timestamps, logAppendTime } = this.#page
    const writer = this.#writer
    const at = record * PAGE_STRIDE
    if (spans[at + PAGE_CHUNK] !== this.#chunkNumber) this.#enterChunk(spans[at + PAGE_CHUNK])
    writer.room(BETWEEN_BYTES)
    writer.text(record === 0 ? KEY : NEXT_KEY)
    const keyAsText = this.#bytes(spans[at + PAGE_KEY_START], spans[at + PAGE_KEY_LENGTH], this.#encoding.keys)
    writer.room(BETWEEN_BYTES)
    if (!keyAsText) writer.text(KEY_ENCODING)
    writer.text(VALUE)
    const valueAsText = this.#bytes(spans[at + PAGE_VALUE_START], spans[at + PAGE_VALUE_LENGTH], this.#encoding.values)
    writer.room(BETWEEN_BYTES)
    if (!valueAsText) writer.text(VALUE_ENCODING)
    writer.text(this.#partition)
    writer.integer(offsets[record])
    writer.text(TIMESTAMP)
    writer.integer(timestamps[record])
    writer.text(logAppendTime[record] === 1 ? LOG_APPEND_TIME : CREATE_TIME)
    const headersStart = spans[at + PAGE_HEADERS_START]
    if (headersStart >= 0) this.#headers(headersStart)
    writer.text(CLOSE_OBJECT)
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
    writer.base64(this.#chunk, start, end)
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
      this.#bytes(keyStart, keyLength, 'auto')
      writer.room(BETWEEN_BYTES)
      writer.text(VALUE)
      const asText = this.#bytes(valueStart, valueLength, 'auto')
      writer.room(BETWEEN_BYTES)
      if (!asText) writer.text(VALUE_ENCODING)
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
