import { corrupt } from './layout.ts'

/** Header of a record batch, as far as readers need it. */
export interface BatchHeader {
  readonly baseOffset: number
  /** Can be beyond the last record: compaction keeps it when it removes that record. */
  readonly lastOffset: number
  readonly recordCount: number
  readonly attributes: number
  readonly baseTimestampMs: number
  readonly maxTimestampMs: number
  readonly producerId: bigint
}

const TRANSACTIONAL_BIT = 0x10
const CONTROL_BIT = 0x20
/** The position of every so many records is remembered. */
const MARK_INTERVAL = 32
/** A length is a varint of at most five bytes. */
const LENGTH_BITS = 35

export function isTransactional({ attributes }: BatchHeader): boolean {
  return (attributes & TRANSACTIONAL_BIT) !== 0
}

/** Returns whether the batch holds the markers of transactions instead of records (KIP-98). */
export function isControl({ attributes }: BatchHeader): boolean {
  return (attributes & CONTROL_BIT) !== 0
}

/** A batch with its records decompressed. */
export class OpenBatch {
  readonly header: BatchHeader
  readonly bytes: Buffer
  /** Where every {@link MARK_INTERVAL}th record begins, up to the last one read. */
  readonly #marks: number[] = [0]
  /** Where the last turn of a reader ended: offset, index and position of the next record. */
  #turn: { readonly offset: number; readonly index: number; readonly position: number } | undefined

  constructor(header: BatchHeader, bytes: Buffer) {
    this.header = header
    this.bytes = bytes
  }

  /**
   * Returns how many records precede the offset; 0 if compaction has left gaps, because then only the records themselves
   * tell.
   */
  recordsBefore(offset: number): number {
    const { baseOffset, lastOffset, recordCount } = this.header
    if (this.#turn?.offset === offset) return this.#turn.index
    if (lastOffset - baseOffset + 1 !== recordCount) return 0
    return Math.min(Math.max(0, offset - baseOffset), recordCount)
  }

  /** Remembers where record `index` begins, so that whoever goes on at the offset finds it although there are gaps. */
  markTurn(offset: number, index: number, position: number): void {
    this.#turn = { offset, index, position }
  }

  /**
   * Returns where record `index` starts. Skips earlier records by their length prefix, and remembers where they start.
   * Throws CorruptRecords if the batch ends before.
   */
  startOf(index: number): number {
    if (this.#turn?.index === index) return this.#turn.position
    const marks = this.#marks
    const mark = Math.min(Math.floor(index / MARK_INTERVAL), marks.length - 1)
    let position = marks[mark]
    for (let passed = mark * MARK_INTERVAL; passed < index;) {
      position = afterRecord(this.bytes, position)
      if (++passed === marks.length * MARK_INTERVAL) marks.push(position)
    }
    return position
  }
}

function afterRecord(bytes: Buffer, start: number): number {
  let position = start
  let zigzag = 0
  for (let shift = 0; shift < LENGTH_BITS && position < bytes.length; shift += 7) {
    const byte = bytes[position++]
    zigzag |= (byte & 0x7f) << shift
    if (byte > 0x7f) continue
    const end = position + (zigzag >>> 1)
    if (end > bytes.length) break
    return end
  }
  throw corrupt('a record is longer than its batch')
}
