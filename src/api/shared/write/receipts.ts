import { fixedText } from '../records/fixed-text.ts'
import { TextWriter } from '../records/text-writer.ts'

const PARTITION = fixedText('{"partition":')
const OFFSET = fixedText(',"offset":')
const END = fixedText('}\n')
const LINE = fixedText('{"line":')
const FAILED_PARTITION = fixedText(',"partition":')
const COMMA = fixedText(',')
/** Longest line of a stored record, or of a failed one without its error. */
const LINE_BYTES = 64
const FIRST_BYTES = 1024
/** Longest entry without the text of a failure. */
const ENTRY_BYTES = 40
/** First byte of a failure; other entries begin with another. */
const FAILURE = 0
/** Bits of the number that begins the entry of stored records, above which the partition stands. */
const HAS_OFFSET = 1
const HAS_COUNT = 2
const FLAGS = 4

/** Records in a row with the same fate. */
interface Run {
  count: number
  readonly partition: number
  /** Of the first one, if they are stored. */
  offset: number
  /** Of the first one, if they failed. */
  line: number
  /** What stands in the answer to a failed one; undefined if they are stored. */
  readonly text: Buffer | undefined
}

/**
 * The answers to records that their client has not taken yet, in order, in few bytes: one or two for a stored record whose
 * offset follows the one before in its partition, less for several in a row.
 */
export class Receipts {
  /** Entries are written at its end, and read from its front. */
  #entries = Buffer.alloc(0)
  #readAt = 0
  #writeAt = 0
  /** By partition: the offset behind the last one that was written, and that was read. */
  readonly #nextWritten: number[] = []
  readonly #nextRead: number[] = []
  #lastWritten: Buffer | undefined
  #lastRead: Buffer | undefined
  /** The run that may still grow, and the one of which a part was taken. */
  #growing: Run | undefined
  #taken: Run | undefined

  /** Bytes in memory, some dozens left out. */
  get bytes(): number {
    return this.#writeAt - this.#readAt
  }

  get isEmpty(): boolean {
    return this.bytes === 0 && this.#growing === undefined && this.#taken === undefined
  }

  stored(partition: number, offset: number): void {
    const run = this.#growing
    if (run !== undefined && run.text === undefined && run.partition === partition && run.offset + run.count === offset)
      run.count++
    else this.#grow({ count: 1, partition, offset, line: 0, text: undefined })
  }

  /**
   * @param line number of the record's line
   * @param partition −1 if there is none
   * @param text the members of the error, with the brace and the line break at its end; the same object for the same text
   */
  failed(line: number, partition: number, text: Buffer): void {
    const run = this.#growing
    if (run !== undefined && run.text === text && run.partition === partition && run.line + run.count === line)
      run.count++
    else this.#grow({ count: 1, partition, offset: 0, line, text })
  }

  /** Takes out as many answers as fit into so many bytes, or one. Returns their text, which the caller gives back by recycleText. */
  take(limitBytes: number): Buffer {
    const writer = new TextWriter(limitBytes)
    for (let run = this.#next(); run !== undefined && writer.length + LINE_BYTES <= limitBytes; run = this.#next()) {
      if (run.text === undefined) writeStored(writer, run, limitBytes)
      else writeFailed(writer, run, run.text, limitBytes)
      if (run.count === 0) this.#taken = undefined
    }
    return writer.finish()
  }

  #next(): Run | undefined {
    if (this.#taken !== undefined) return this.#taken
    if (this.bytes > 0) return (this.#taken = this.#read())
    const run = this.#growing
    this.#growing = undefined
    // It is never written, but those behind it count from it.
    if (run !== undefined && run.text === undefined)
      this.#nextWritten[run.partition] = this.#nextRead[run.partition] = run.offset + run.count
    return (this.#taken = run)
  }

  #grow(run: Run): void {
    if (this.#growing !== undefined) this.#write(this.#growing)
    this.#growing = run
  }

  #write({ text, count, partition, offset, line }: Run): void {
    if (text !== undefined) {
      const isKnown = text === this.#lastWritten
      this.#lastWritten = text
      this.#room(isKnown ? ENTRY_BYTES : ENTRY_BYTES + text.length)
      for (const number of [FAILURE, line, partition + 1, count, isKnown ? 0 : text.length]) this.#writeNumber(number)
      if (!isKnown) this.#writeAt += text.copy(this.#entries, this.#writeAt)
      return
    }
    const hasOffset = this.#nextWritten[partition] !== offset
    this.#nextWritten[partition] = offset + count
    this.#room(ENTRY_BYTES)
    this.#writeNumber(1 + (hasOffset ? HAS_OFFSET : 0) + (count > 1 ? HAS_COUNT : 0) + partition * FLAGS)
    if (hasOffset) this.#writeNumber(offset)
    if (count > 1) this.#writeNumber(count)
  }

  #read(): Run {
    const first = this.#readNumber()
    if (first === FAILURE) {
      const [line, partition, count] = [this.#readNumber(), this.#readNumber() - 1, this.#readNumber()]
      const textBytes = this.#readNumber()
      if (textBytes > 0) this.#lastRead = Buffer.from(this.#entries.subarray(this.#readAt, this.#readAt + textBytes))
      this.#readAt += textBytes
      return { count, partition, offset: 0, line, text: this.#lastRead }
    }
    const flags = (first - 1) % FLAGS
    const partition = (first - 1 - flags) / FLAGS
    const offset = (flags & HAS_OFFSET) === 0 ? this.#nextRead[partition] : this.#readNumber()
    const count = (flags & HAS_COUNT) === 0 ? 1 : this.#readNumber()
    this.#nextRead[partition] = offset + count
    return { count, partition, offset, line: 0, text: undefined }
  }

  /** Makes room for an entry. */
  #room(bytes: number): void {
    if (this.#writeAt + bytes <= this.#entries.length) return
    const held = this.#entries.subarray(this.#readAt, this.#writeAt)
    const wanted = Math.max(FIRST_BYTES, (held.length + bytes) * 2)
    this.#entries = Buffer.alloc(wanted)
    held.copy(this.#entries)
    this.#readAt = 0
    this.#writeAt = held.length
  }

  /** Seven bits a byte, the lowest first; the highest bit says that more follow. */
  #writeNumber(number: number): void {
    let rest = number
    for (; rest > 127; rest = Math.floor(rest / 128)) this.#entries[this.#writeAt++] = (rest % 128) + 128
    this.#entries[this.#writeAt++] = rest
  }

  #readNumber(): number {
    let number = 0
    for (let unit = 1; ; unit *= 128) {
      const byte = this.#entries[this.#readAt++]
      if (byte < 128) return number + byte * unit
      number += (byte - 128) * unit
    }
  }
}

function writeStored(writer: TextWriter, run: Run, limitBytes: number): void {
  const { partition } = run
  for (; run.count > 0 && writer.length + LINE_BYTES <= limitBytes; run.count--) {
    writer.room(LINE_BYTES)
    writer.text(PARTITION)
    writer.integer(partition)
    writer.text(OFFSET)
    writer.integer(run.offset++)
    writer.text(END)
  }
}

function writeFailed(writer: TextWriter, run: Run, text: Buffer, limitBytes: number): void {
  for (; run.count > 0 && writer.length + LINE_BYTES <= limitBytes; run.count--) {
    writer.room(LINE_BYTES)
    writer.text(LINE)
    writer.integer(run.line++)
    if (run.partition >= 0) {
      writer.text(FAILED_PARTITION)
      writer.integer(run.partition)
    }
    writer.text(COMMA)
    writer.append(text)
  }
}
