import {
  PAGE_CHUNK,
  PAGE_HEADERS_START,
  PAGE_KEY_LENGTH,
  PAGE_KEY_START,
  PAGE_STRIDE,
  PAGE_VALUE_LENGTH,
  PAGE_VALUE_START
} from '../../core/record-page.ts'
import { endOfHeaders } from './record-reader.ts'

export interface Rows {
  readonly first: number
  /** Exclusive. */
  readonly end: number
  /** Only so many bytes of each key are copied. */
  readonly keyBytes: number
  readonly valueBytes: number
  /** Index of the copy for spans. */
  readonly chunk: number
}

/** Copies what the rows use of the chunks into one buffer, and has the rows point there. Lengths stay as they are. */
export function copyRows(spans: Int32Array, chunks: readonly Buffer[], rows: Rows): Buffer {
  const { first, end, keyBytes, valueBytes } = rows
  const headerEnds = new Int32Array(end - first)
  let size = 0
  for (let row = first; row < end; row++) {
    const at = row * PAGE_STRIDE
    const start = spans[at + PAGE_HEADERS_START]
    const headersEnd = start < 0 ? start : endOfHeaders(chunks[spans[at + PAGE_CHUNK]], start)
    headerEnds[row - first] = headersEnd
    size += used(spans[at + PAGE_KEY_LENGTH], keyBytes) + used(spans[at + PAGE_VALUE_LENGTH], valueBytes)
    size += headersEnd - start
  }
  const copy = Buffer.allocUnsafe(size)
  let length = 0
  for (let row = first; row < end; row++) {
    const at = row * PAGE_STRIDE
    const chunk = chunks[spans[at + PAGE_CHUNK]]
    const move = (column: number, bytes: number) => {
      const start = spans[at + column]
      spans[at + column] = length
      length += chunk.copy(copy, length, start, start + bytes)
    }
    move(PAGE_KEY_START, used(spans[at + PAGE_KEY_LENGTH], keyBytes))
    move(PAGE_VALUE_START, used(spans[at + PAGE_VALUE_LENGTH], valueBytes))
    const headersStart = spans[at + PAGE_HEADERS_START]
    if (headersStart >= 0) move(PAGE_HEADERS_START, headerEnds[row - first] - headersStart)
    spans[at + PAGE_CHUNK] = rows.chunk
  }
  return copy
}

function used(length: number, limit: number): number {
  return Math.max(0, Math.min(length, limit))
}
