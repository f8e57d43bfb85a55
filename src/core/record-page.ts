/** Columns of {@link RecordPage.spans}, one row of {@link PAGE_STRIDE} int32 a record. Lengths are bytes; −1 is null. */
export const PAGE_CHUNK = 0
export const PAGE_KEY_START = 1
export const PAGE_KEY_LENGTH = 2
export const PAGE_VALUE_START = 3
export const PAGE_VALUE_LENGTH = 4
/** Start of the record's headers in Kafka's encoding (a varint count, then pairs); −1 if it has none. */
export const PAGE_HEADERS_START = 5
export const PAGE_STRIDE = 6

/** The result of a read: positions of records in decompressed batches, in offset order. */
export interface RecordPage {
  readonly partition: number
  readonly count: number
  /** Decompressed record sections that the spans point into. */
  readonly chunks: readonly Buffer[]
  readonly spans: Int32Array
  readonly offsets: Float64Array
  /** Milliseconds since 1970. */
  readonly timestamps: Float64Array
  /** By record: 1 if the timestamp is the broker's (LOG_APPEND_TIME), else 0. */
  readonly logAppendTime: Uint8Array
  /** Offset of the next read. */
  readonly nextOffset: number
  /** Size of all keys and values of the page, decompressed. */
  readonly payloadBytes: number
}
