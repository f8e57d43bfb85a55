/** Columns of {@link RecordTable.spans}, one row of {@link SPAN_STRIDE} int32 a record. Lengths are bytes; −1 is null. */
export const KEY_START = 0
export const KEY_LENGTH = 1
export const VALUE_START = 2
export const VALUE_LENGTH = 3
/** −1 until a partition is chosen. */
export const PARTITION = 4
export const SPAN_STRIDE = 5

/** Columns of {@link HeaderTable.spans}, a row a header: start and length of the key, start and length of the value (−1 is null). */
export const HEADER_STRIDE = 4

/** The headers of all records of a request, record after record. */
export interface HeaderTable {
  readonly spans: Int32Array
  /** By record: the end of its headers in {@link spans}, where those of the next record begin. */
  readonly ends: Int32Array
}

/** Returns the start of a record's headers in the spans. */
export function headersStart({ ends }: HeaderTable, row: number): number {
  return row === 0 ? 0 : ends[row - 1]
}

/**
 * The records of a produce request as positions in its body, without objects or strings for each record. Escaped text and
 * base64 are decoded in place (they never grow), so every span points into `bytes`.
 */
export interface RecordTable {
  readonly bytes: Buffer
  readonly count: number
  readonly spans: Int32Array
  /** Milliseconds since 1970, NaN if the record has none; absent if no record has one. */
  readonly timestamps?: Float64Array
  /** Absent if no record has headers. */
  readonly headers?: HeaderTable
}
