import type { RecordHeader } from '../../core/record-table.ts'
import type { JsonCursor } from './json-cursor.ts'
import { invalid, matches, readMember, readNull } from './members.ts'
import { decodeBase64InPlace, unescapeInPlace } from './string-bytes.ts'

const NAMES = ['key', 'value', 'value_encoding'] as const
const KEY = 0
const VALUE = 1
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const QUOTE = 0x22

interface Text {
  readonly start: number
  readonly end: number
  readonly escaped: boolean
}

/**
 * The `headers` of a record: an array of key, value and perhaps `value_encoding`. `record` is what has them, as messages
 * name it; asked only when one is needed, as in all functions here.
 */
export function readHeaders(cursor: JsonCursor, record: () => string): RecordHeader[] {
  if (cursor.peek() !== OPEN_BRACKET) throw invalid(`${record()}.headers must be an array.`)
  const headers: RecordHeader[] = []
  if (!cursor.enter(OPEN_BRACKET, CLOSE_BRACKET)) return headers
  const where = () => `${record()}.headers[${headers.length}]`
  do headers.push(readHeader(cursor, where))
  while (cursor.next(CLOSE_BRACKET))
  return headers
}

function readHeader(cursor: JsonCursor, where: () => string): RecordHeader {
  if (cursor.peek() !== OPEN_BRACE) throw invalid(`${where()} must be an object.`)
  let key: Text | null = null
  let value: Text | null = null
  let base64 = false
  let seen = 0
  let more = cursor.enter(OPEN_BRACE, CLOSE_BRACE)
  while (more) {
    const member = readMember(cursor, NAMES, seen, where)
    seen |= 1 << member
    if (member === KEY) key = readText(cursor, where, 'key')
    else if (member === VALUE) value = readNull(cursor) ? null : readText(cursor, where, 'value')
    else base64 = readEncoding(cursor, where, 'value_encoding')
    more = cursor.next(CLOSE_BRACE)
  }
  if (key === null) throw invalid(`${where()} has no key.`)
  return {
    key: textBytes(cursor.bytes, key, false, where, 'key'),
    value: value === null ? null : textBytes(cursor.bytes, value, base64, where, 'value')
  }
}

function readText(cursor: JsonCursor, where: () => string, member: string): Text {
  if (cursor.peek() !== QUOTE) throw invalid(`${where()}.${member} must be a string.`)
  const start = cursor.position + 1
  const escaped = cursor.skipString()
  return { start, end: cursor.position - 1, escaped }
}

/** True for `base64`; null counts as absent. */
export function readEncoding(cursor: JsonCursor, where: () => string, member: string): boolean {
  if (readNull(cursor)) return false
  const { start, end, escaped } = readText(cursor, where, member)
  const length = escaped ? unescapeInPlace(cursor.bytes, start, end) : end - start
  if (!matches(cursor.bytes, start, length, 'base64'))
    throw invalid(`${where()}.${member} must be "base64" where it is given.`)
  return true
}

function textBytes(bytes: Buffer, { start, end, escaped }: Text, base64: boolean, where: () => string, member: string) {
  const length = decodeText(bytes, start, end, escaped, base64, where, member)
  return bytes.subarray(start, start + length)
}

/**
 * Decodes the content of a JSON string in place and returns its length in bytes. Throws INVALID_BODY, naming the member of
 * what `where` tells.
 */
export function decodeText(
  bytes: Buffer,
  start: number,
  end: number,
  escaped: boolean,
  base64: boolean,
  where: () => string,
  member: string
): number {
  const length = escaped ? unescapeInPlace(bytes, start, end) : end - start
  if (length < 0) throw invalid(`${where()}.${member} holds a lone surrogate, which has no form in UTF-8.`)
  if (!base64) return length
  const decoded = decodeBase64InPlace(bytes, start, start + length)
  if (decoded < 0) throw invalid(`${where()}.${member} is not base64 (RFC 4648, section 4, with padding).`)
  return decoded
}
