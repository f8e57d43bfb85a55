import { invalid, memberAt, type Place } from './body-error.ts'
import type { JsonCursor } from './json-cursor.ts'
import { readText, TextSpan } from './json-text.ts'

/** @see https://www.rfc-editor.org/rfc/rfc3339#section-5.6 */
const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/
const LIMIT_BYTES = 40

/** Shared by all calls: reading a timestamp never yields. */
const text = new TextSpan()

/** Reads an RFC 3339 timestamp and returns milliseconds since 1970. Throws INVALID_BODY, also before 1970. */
export function readInstant(cursor: JsonCursor, place: Place, member: string): number {
  readText(cursor, place, member, text)
  const { start, end } = text
  const written = end - start > LIMIT_BYTES ? '' : cursor.bytes.toString('latin1', start, end)
  const milliseconds = RFC_3339.test(written) ? Date.parse(written.toUpperCase()) : NaN
  if (!(milliseconds >= 0))
    throw invalid(
      `${memberAt(place, member)} must be a time since 1970 as RFC 3339 has it, such as 2026-01-31T12:00:00Z.`
    )
  return milliseconds
}
