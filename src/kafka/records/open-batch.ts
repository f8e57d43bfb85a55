import { corrupt } from './layout.ts'

/** What the header of a record batch says of its records. */
export interface BatchHeader {
  readonly baseOffset: number
  /** May lie beyond the last record: compaction keeps it. */
  readonly lastOffset: number
  readonly recordCount: number
  readonly attributes: number
  readonly baseTimestampMs: number
  readonly maxTimestampMs: number
  readonly producerId: bigint
}

const TRANSACTIONAL_BIT = 0x10
/** Records between two places that are remembered. */
const MARK_INTERVAL = 32
/** Of a length, which is a varint of 32 bits. */
const LENGTH_BITS = 35

export function isTransactional({ attributes }: BatchHeader): boolean {
  return (attributes & TRANSACTIONAL_BIT) !== 0
}

/** The records of a batch, decompressed. */
export class OpenBatch {
  readonly header: BatchHeader
  readonly bytes: Buffer
  /** Where every {@link MARK_INTERVAL}th record begins, as far as somebody has gone. */
  readonly #marks: number[] = [0]

  constructor(header: BatchHeader, bytes: Buffer) {
    this.header = header
    this.bytes = bytes
  }

  /**
   * How many records lie before the offset; 0 where compaction has left gaps between offsets, so that only reading them
   * tells.
   */
  recordsBefore(offset: number): number {
    const { baseOffset, lastOffset, recordCount } = this.header
    if (lastOffset - baseOffset + 1 !== recordCount) return 0
    return Math.min(Math.max(0, offset - baseOffset), recordCount)
  }

  /**
   * Where a record begins, by its number from 0 on. Of those before it only the lengths are read, a tenth of the time that
   * reading them takes, and none for the second time. Throws CorruptRecords where the batch ends before.
   */
  startOf(record: number): number {
    const marks = this.#marks
    const mark = Math.min(Math.floor(record / MARK_INTERVAL), marks.length - 1)
    let position = marks[mark]
    for (let passed = mark * MARK_INTERVAL; passed < record;) {
      position = behindRecord(this.bytes, position)
      if (++passed === marks.length * MARK_INTERVAL) marks.push(position)
    }
    return position
  }
}

function behindRecord(bytes: Buffer, start: number): number {
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
