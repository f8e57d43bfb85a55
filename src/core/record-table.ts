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
  /** By record: where its headers end in {@link spans}; they begin where those of the record before end. */
  readonly ends: Int32Array
}

/** Where the headers of a record begin in the spans. */
export function headersStart({ ends }: HeaderTable, row: number): number {
  return row === 0 ? 0 : ends[row - 1]
}

/**
 * The records of one produce request as positions in its body: no object and no string per record.
 * Text with escapes and base64 are decoded in place (never longer than their source), so every span points into `bytes`.
 */
export interface RecordTable {
  readonly bytes: Buffer
  readonly count: number
  readonly spans: Int32Array
  /** Milliseconds since 1970, NaN where the caller gave none; absent when no record has one. */
  readonly timestamps?: Float64Array
  /** Absent when no record has headers. */
  readonly headers?: HeaderTable
}
