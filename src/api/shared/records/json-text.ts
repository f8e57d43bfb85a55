import { invalid, memberAt, type Place } from './body-error.ts'
import type { JsonCursor } from './json-cursor.ts'
import { matches, readNull } from './members.ts'
import { decodeBase64InPlace, unescapeInPlace } from './string-bytes.ts'

const QUOTE = 0x22

/** Whether a string is base64, and whether its padding may be missing. */
export type Base64Rule = typeof NOT_BASE64 | typeof BASE64_PADDED | typeof BASE64_UNPADDED
export const NOT_BASE64 = 0
export const BASE64_PADDED = 1
export const BASE64_UNPADDED = 2

/** The place of a JSON string in a body, without its quotes; `start` is −1 if there is none. */
export class TextSpan {
  start = -1
  end = 0
  escaped = false
}

/** Shared by all calls: reading an encoding never yields. */
const encoding = new TextSpan()

/** Finds a string. Throws INVALID_BODY if `member` of the object at `place` is anything else. */
export function readText(cursor: JsonCursor, place: Place, member: string, text: TextSpan): void {
  if (cursor.peek() !== QUOTE) throw invalid(`${memberAt(place, member)} must be a string.`)
  text.start = cursor.position + 1
  text.escaped = cursor.skipString()
  text.end = cursor.position - 1
}

/** Reads `"base64"`, with padding, or null. Throws INVALID_BODY for anything else. */
export function readEncoding(cursor: JsonCursor, place: Place, member: string): Base64Rule {
  if (readNull(cursor)) return NOT_BASE64
  readText(cursor, place, member, encoding)
  const { start, end, escaped } = encoding
  const length = escaped ? unescapeInPlace(cursor.bytes, start, end) : end - start
  if (!matches(cursor.bytes, start, length, 'base64'))
    throw invalid(`${memberAt(place, member)} must be "base64" where it is given.`)
  return BASE64_PADDED
}

/** As {@link decodeText}; a text without escapes that is not base64 stays as it stands. */
export function textLength(
  bytes: Buffer,
  { start, end, escaped }: TextSpan,
  base64: Base64Rule,
  place: Place,
  member: string
): number {
  if (!escaped && base64 === NOT_BASE64) return end - start
  return decodeText(bytes, start, end, escaped, base64, place, member)
}

/**
 * Decodes the content of a JSON string in place and returns its length in bytes. Throws INVALID_BODY if `member` of the
 * object at `place` has no form in bytes.
 */
export function decodeText(
  bytes: Buffer,
  start: number,
  end: number,
  escaped: boolean,
  base64: Base64Rule,
  place: Place,
  member: string
): number {
  const length = escaped ? unescapeInPlace(bytes, start, end) : end - start
  if (length < 0)
    throw invalid(`${memberAt(place, member)} holds a lone surrogate, which has no form in UTF-8.`, 'encoding')
  if (base64 === NOT_BASE64) return length
  const decoded = decodeBase64InPlace(bytes, start, start + length, base64 === BASE64_PADDED)
  if (decoded < 0) {
    const padding = base64 === BASE64_PADDED ? ', with padding' : ''
    throw invalid(`${memberAt(place, member)} is not base64 (RFC 4648, section 4${padding}).`, 'encoding')
  }
  return decoded
}
