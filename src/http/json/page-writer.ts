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
import { TextWriter, viewOf } from './text-writer.ts'

export interface PageEncoding {
  /** `auto`: text where the bytes are UTF-8, else base64. */
  readonly keys: 'auto' | 'base64'
  readonly values: 'auto' | 'base64'
}

const OPEN = Buffer.from('{"records":[')
const KEY = Buffer.from('{"key":')
const KEY_ENCODING = Buffer.from(',"key_encoding":"base64"')
const VALUE = Buffer.from(',"value":')
const VALUE_ENCODING = Buffer.from(',"value_encoding":"base64"')
const PARTITION = Buffer.from(',"partition":')
const OFFSET = Buffer.from(',"offset":')
const TIMESTAMP = Buffer.from(',"timestamp":')
const CREATE_TIME = Buffer.from(',"timestampType":"CREATE_TIME"')
const LOG_APPEND_TIME = Buffer.from(',"timestampType":"LOG_APPEND_TIME"')
const HEADERS = Buffer.from(',"headers":[')
const NULL = Buffer.from('null')
const COMMA = Buffer.from(',')
const CLOSE_ARRAY = Buffer.from(']')
const CLOSE_OBJECT = Buffer.from('}')
const CLOSE = Buffer.from(']}')
/** All that surrounds key and value, numbers at their longest. */
const RECORD_BYTES = 256

/** The body of a read: JSON text written straight from the bytes of the record batches. */
export function writePage(page: RecordPage, encoding: PageEncoding): Buffer {
  return new PageWriter(page, encoding).write()
}

class PageWriter {
  readonly #page: RecordPage
  readonly #encoding: PageEncoding
  readonly #writer: TextWriter
  /** The chunk that the present record lies in. */
  #chunk: Buffer = Buffer.alloc(0)
  #view = viewOf(this.#chunk)
  #chunkNumber = -1

  constructor(page: RecordPage, encoding: PageEncoding) {
    this.#page = page
    this.#encoding = encoding
    this.#writer = new TextWriter(64 + Math.ceil(page.payloadBytes * 1.1) + page.count * 144)
  }

  write(): Buffer {
    const writer = this.#writer
    writer.text(OPEN)
    for (let record = 0; record < this.#page.count; record++) {
      writer.room(RECORD_BYTES)
      if (record > 0) writer.text(COMMA)
      this.#record(record)
    }
    writer.room(CLOSE.length)
    writer.text(CLOSE)
    return writer.finish()
  }

  #record(record: number): void {
    const { spans, partition, offsets, timestamps, logAppendTime } = this.#page
    const writer = this.#writer
    const at = record * PAGE_STRIDE
    if (spans[at + PAGE_CHUNK] !== this.#chunkNumber) this.#enterChunk(spans[at + PAGE_CHUNK])
    writer.text(KEY)
    const keyAsText = this.#bytes(spans[at + PAGE_KEY_START], spans[at + PAGE_KEY_LENGTH], this.#encoding.keys)
    writer.room(RECORD_BYTES)
    if (!keyAsText) writer.text(KEY_ENCODING)
    writer.text(VALUE)
    const valueAsText = this.#bytes(spans[at + PAGE_VALUE_START], spans[at + PAGE_VALUE_LENGTH], this.#encoding.values)
    writer.room(RECORD_BYTES)
    if (!valueAsText) writer.text(VALUE_ENCODING)
    writer.text(PARTITION)
    writer.integer(partition)
    writer.text(OFFSET)
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

  /** Kafka's encoding: a count, then key length, key, value length and value of each, lengths as zigzag varints. */
  #headers(start: number): void {
    const writer = this.#writer
    let position = start
    const varint = () => {
      let value = 0
      for (let shift = 0; ; shift += 7) {
        const byte = this.#chunk[position++]
        value |= (byte & 0x7f) << shift
        if (byte < 0x80 || byte === undefined) return (value >>> 1) ^ -(value & 1)
      }
    }
    writer.text(HEADERS)
    for (let count = varint(), header = 0; header < count && position < this.#chunk.length; header++) {
      const keyLength = varint()
      const keyStart = position
      position += keyLength
      const valueLength = varint()
      const valueStart = position
      position += Math.max(0, valueLength)
      writer.room(RECORD_BYTES)
      if (header > 0) writer.text(COMMA)
      writer.text(KEY)
      this.#bytes(keyStart, keyLength, 'auto')
      writer.room(RECORD_BYTES)
      writer.text(VALUE)
      const asText = this.#bytes(valueStart, valueLength, 'auto')
      writer.room(RECORD_BYTES)
      if (!asText) writer.text(VALUE_ENCODING)
      writer.text(CLOSE_OBJECT)
    }
    writer.room(RECORD_BYTES)
    writer.text(CLOSE_ARRAY)
  }
}
