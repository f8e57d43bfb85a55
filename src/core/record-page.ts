/** Columns of {@link RecordPage.spans}, one row of {@link PAGE_STRIDE} int32 a record. Lengths are bytes; −1 is null. */
export const PAGE_CHUNK = 0
export const PAGE_KEY_START = 1
export const PAGE_KEY_LENGTH = 2
export const PAGE_VALUE_START = 3
export const PAGE_VALUE_LENGTH = 4
/** Where the record's header section begins (Kafka's own encoding: varint count, then pairs); −1 when it has none. */
export const PAGE_HEADERS_START = 5
export const PAGE_STRIDE = 6

/** What one read returns: positions in decompressed record batches, in offset order. */
export interface RecordPage {
  readonly partition: number
  readonly count: number
  /** Decompressed record sections that the spans point into. */
  readonly chunks: readonly Buffer[]
  readonly spans: Int32Array
  readonly offsets: Float64Array
  /** Milliseconds since 1970. */
  readonly timestamps: Float64Array
  /** 1 where the timestamp is the broker's (LOG_APPEND_TIME). */
  readonly logAppendTime: Uint8Array
  /** Where the next read goes on. */
  readonly nextOffset: number
  /** Keys and values of the page in bytes, as stored (after decompression). */
  readonly payloadBytes: number
}
