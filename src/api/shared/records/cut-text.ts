import type { FixedText } from './fixed-text.ts'
import type { TextWriter } from './text-writer.ts'

/** How much of each key and value is shown; a longer one as base64 of its first bytes, with its size. */
export interface Cut {
  readonly keyBytes: number
  readonly valueBytes: number
}

/** No key or value is longer. */
export const UNCUT: Cut = { keyBytes: 2 ** 31 - 1, valueBytes: 2 ** 31 - 1 }

/** More than all fixed texts between two values take, with numbers at their longest. */
export const BETWEEN_BYTES = 256

/** Writes the first bytes of a key or value, what stands behind base64, and its size; leaves room for what comes next. */
export function writeCut(
  writer: TextWriter,
  chunk: Buffer,
  view: DataView,
  start: number,
  shownBytes: number,
  size: number,
  name: FixedText
): void {
  writer.base64(chunk, view, start, start + shownBytes)
  writer.room(BETWEEN_BYTES)
  writer.text(name)
  writer.integer(size)
  writer.room(BETWEEN_BYTES)
}
