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

/** The records of a batch, decompressed. */
export interface OpenBatch {
  readonly header: BatchHeader
  readonly bytes: Buffer
  /** Where every {@link MARK_INTERVAL}th record begins; none where compaction has left gaps between offsets. */
  readonly marks?: Int32Array | undefined
}

/** Records that are walked over at most to reach one in a batch with marks. */
export const MARK_INTERVAL = 32

const TRANSACTIONAL_BIT = 0x10

export function isTransactional({ attributes }: BatchHeader): boolean {
  return (attributes & TRANSACTIONAL_BIT) !== 0
}
