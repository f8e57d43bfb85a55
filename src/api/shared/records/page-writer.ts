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
import { BETWEEN_BYTES, UNCUT, writeCut, type Cut } from './cut-text.ts'
import { fixedText, type FixedText } from './fixed-text.ts'
import {
  AUTO,
  BASE64,
  JSON_TEXT,
  leadTexts,
  likelyBytes,
  NO_HEADERS,
  NO_PAGE,
  pagePlan,
  TEXT,
  type LeadTexts,
  type PageForm,
  type PagePlan,
  type Unshown
} from './page-form.ts'
import { TextWriter, viewOf } from './text-writer.ts'

/** Memory that is free in front of a page: enough for the head of its answer. */
export const PAGE_FRONT_BYTES = 1024

const KEY = fixedText('{"key":')
const NEXT_KEY = fixedText(',{"key":')
const VALUE = fixedText(',"value":')
const TIMESTAMP_NAME = ',"timestamp":'
const TIMESTAMP = fixedText(TIMESTAMP_NAME)
const HEADERS = fixedText(',"headers":[')
const NULL = fixedText('null')
const CLOSE_ARRAY = fixedText(']')
const CLOSE_OBJECT = fixedText('}')
/** Keeps the text of a timestamp after so many records with it in a row, as one request leaves them behind. */
const WORTH_KEEPING = 16

/** What became of a key or value. */
const AS_TEXT = 0
const AS_BASE64 = 1
const NOT_SHOWN = 2

const NO_CHUNK: Buffer = Buffer.alloc(0)
const NO_VIEW = viewOf(NO_CHUNK)
/** Made when a partition is first written. */
const partitionTexts: FixedText[] = []

/** Writes records that were read in the form of one dialect. Make one for each form, not for each request. */
export class PageWriter {
  readonly #plan: PagePlan

  constructor(form: PageForm) {
    this.#plan = pagePlan(form)
  }

  /** @param first the first page to come, if it is known: its size saves a copy to a larger buffer */
  begin(first = NO_PAGE, cut = UNCUT): PageText {
    return new PageText(this.#plan, first, cut)
  }
}

/** The text of records, written straight from the bytes of record batches, behind {@link PAGE_FRONT_BYTES} of free memory. */
export class PageText {
  readonly #plan: PagePlan
  readonly #writer: TextWriter
  readonly #keyBytes: number
  readonly #valueBytes: number
  #lead: LeadTexts
  /** The page being added. */
  #page = NO_PAGE
  /** Where the text of the present record begins. */
  #begin = 0
  /** Member of the present record that cannot be shown. */
  #unshown: 'key' | 'value' = 'key'
  #topic = ''
  #leadBytes = BETWEEN_BYTES
  #partition = NULL
  #count = 0
  /** Chunk of the present record. */
  #chunk = NO_CHUNK
  #view = NO_VIEW
  #chunkNumber = -1
  /** Position within the headers being read. */
  #position = 0
  /** Timestamp of the last record, with how many in a row had it, and its text once that is kept. */
  #timestamp = NaN
  #timestampType = 0
  #sameTimes = 0
  #time: FixedText | undefined

  constructor(plan: PagePlan, first: RecordPage, { keyBytes, valueBytes }: Cut) {
    this.#plan = plan
    this.#keyBytes = keyBytes
    this.#valueBytes = valueBytes
    this.#lead = plan.lead
    this.#writer = new TextWriter(likelyBytes(plan, first), PAGE_FRONT_BYTES)
  }

  /** Records written so far. */
  get count(): number {
    return this.#count
  }

  /**
   * Adds the records of a page. Copies their bytes and keeps no reference to them. Stops in front of the first record that
   * the form cannot show, and returns it; those before it are written. `topic` matters only if the form names it.
   */
  add(page: RecordPage, topic = ''): Unshown | undefined {
    if (topic !== this.#topic && this.#plan.form.topic) this.#name(topic)
    this.#partition = partitionTexts[page.partition] ??= fixedText(`,"partition":${page.partition},"offset":`)
    this.#writer.room(likelyBytes(this.#plan, page))
    this.#page = page
    let written = 0
    while (written < page.count && this.#record(written)) written++
    this.#count += written
    this.#page = NO_PAGE
    this.#chunkNumber = -1
    this.#chunk = NO_CHUNK
    this.#view = NO_VIEW
    return written === page.count ? undefined : this.#takeBack(page, written)
  }

  #takeBack({ partition, offsets }: RecordPage, record: number): Unshown {
    this.#writer.rewind(this.#begin)
    const member = this.#unshown
    const rule = member === 'key' ? this.#plan.keys : this.#plan.values
    return { partition, offset: offsets[record], member, wanted: rule === JSON_TEXT ? 'JSON' : 'UTF-8' }
  }

  /** The whole text, with `tail` behind it. Nothing can be added any more. */
  finish(tail = ''): Buffer {
    const { close, closeEmpty } = this.#plan
    const text = this.#count === 0 ? closeEmpty : close
    this.#writer.room(text.length)
    this.#writer.text(text)
    if (tail !== '') this.#writer.append(Buffer.from(tail))
    return this.#writer.finish()
  }

  #name(topic: string): void {
    this.#topic = topic
    this.#lead = leadTexts(this.#plan.form, topic)
    this.#leadBytes = BETWEEN_BYTES + this.#lead.nextWithoutKey.length
  }

  /** Returns false if it cannot be shown. */
  #record(record: number): boolean {
    const { spans, offsets } = this.#page
    const writer = this.#writer
    const at = record * PAGE_STRIDE
    this.#begin = writer.length
    if (spans[at + PAGE_CHUNK] !== this.#chunkNumber) this.#enterChunk(spans[at + PAGE_CHUNK])
    writer.room(this.#leadBytes)
    if (record > 0 && spans[at + PAGE_KEY_LENGTH] < 0) writer.text(this.#lead.nextWithoutKey)
    else if (!this.#key(record, spans[at + PAGE_KEY_START], spans[at + PAGE_KEY_LENGTH])) return false
    const start = spans[at + PAGE_VALUE_START]
    const length = spans[at + PAGE_VALUE_LENGTH]
    if (length > this.#valueBytes)
      writeCut(writer, this.#chunk, this.#view, start, this.#valueBytes, length, this.#plan.valueCut)
    else {
      const value = this.#bytes(start, length, this.#plan.values)
      if (value === NOT_SHOWN) return this.#refuse('value')
      writer.room(BETWEEN_BYTES)
      if (value === AS_BASE64) writer.text(this.#plan.valueEncoding)
    }
    writer.text(this.#partition)
    writer.integer(offsets[record])
    if (this.#plan.timestamps) this.#writeTime(record)
    const headersStart = spans[at + PAGE_HEADERS_START]
    if (headersStart >= 0) this.#headers(headersStart)
    return true
  }

  #key(record: number, start: number, length: number): boolean {
    const writer = this.#writer
    writer.text(record + this.#count === 0 ? this.#lead.first : this.#lead.next)
    if (length > this.#keyBytes)
      writeCut(writer, this.#chunk, this.#view, start, this.#keyBytes, length, this.#plan.keyCut)
    else {
      const key = this.#bytes(start, length, this.#plan.keys)
      if (key === NOT_SHOWN) return this.#refuse('key')
      writer.room(BETWEEN_BYTES)
      if (key === AS_BASE64) writer.text(this.#plan.keyEncoding)
    }
    writer.text(VALUE)
    return true
  }

  #refuse(member: 'key' | 'value'): false {
    this.#unshown = member
    return false
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
      this.#time = fixedText(`${TIMESTAMP_NAME}${timestamp}${this.#plan.timestampTypes[type]}`)
    }
    if (this.#time !== undefined) return writer.text(this.#time)
    writer.text(TIMESTAMP)
    writer.integer(timestamp)
    writer.text(this.#plan.types[type])
  }

  #enterChunk(number: number): void {
    this.#chunkNumber = number
    this.#chunk = this.#page.chunks[number]
    this.#view = viewOf(this.#chunk)
  }

  readonly #isText = (start: number, end: number) => isUtf8(this.#chunk.subarray(start, end))

  /** Returns what became of them; nothing is written if they cannot be shown. */
  #bytes(start: number, length: number, rule: number): number {
    const writer = this.#writer
    if (length < 0) {
      writer.text(NULL)
      return AS_TEXT
    }
    const end = start + length
    if (rule === AUTO && writer.quoted(this.#chunk, this.#view, start, end, this.#isText)) return AS_TEXT
    return rule <= BASE64 ? this.#base64(start, end) : this.#verified(start, end, rule)
  }

  #base64(start: number, end: number): number {
    this.#writer.base64(this.#chunk, this.#view, start, end)
    return AS_BASE64
  }

  #verified(start: number, end: number, rule: number): number {
    const written =
      rule === JSON_TEXT
        ? this.#writer.json(this.#chunk, this.#view, start, end)
        : this.#writer.quoted(this.#chunk, this.#view, start, end, this.#isText)
    return written ? AS_TEXT : NOT_SHOWN
  }

  /**
   * Kafka's encoding: a count, then key length, key, value length and value of each, lengths as zigzag varints. The decoder
   * of the batch has checked that they add up.
   */
  #headers(start: number): void {
    const writer = this.#writer
    const { headers, keyEncoding, valueEncoding } = this.#plan
    if (headers === NO_HEADERS) return
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
      const key = this.#bytes(keyStart, keyLength, headers === AUTO ? AUTO : TEXT)
      if (key === NOT_SHOWN) this.#replaced(keyStart, keyLength)
      writer.room(BETWEEN_BYTES)
      if (key === AS_BASE64) writer.text(keyEncoding)
      writer.text(VALUE)
      const value = this.#bytes(valueStart, valueLength, headers)
      writer.room(BETWEEN_BYTES)
      if (value === AS_BASE64) writer.text(valueEncoding)
      writer.text(CLOSE_OBJECT)
    }
    writer.text(CLOSE_ARRAY)
  }

  /** Text with U+FFFD for what is not UTF-8, as Kafka's own clients read the key of a header. */
  #replaced(start: number, length: number): void {
    this.#writer.append(Buffer.from(JSON.stringify(this.#chunk.toString('utf8', start, start + length))))
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
