import type { RecordHeader } from '../../core/record-table.ts'
import { invalid, readMember, readNull } from './members.ts'
import type { JsonCursor } from './json-cursor.ts'
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

/** The `headers` of a record: an array of key, value and perhaps `value_encoding`. `where` is their place in the body. */
export function readHeaders(cursor: JsonCursor, where: string): RecordHeader[] {
  if (cursor.peek() !== OPEN_BRACKET) throw invalid(`${where} must be an array.`)
  const headers: RecordHeader[] = []
  if (!cursor.enter(OPEN_BRACKET, CLOSE_BRACKET)) return headers
  do headers.push(readHeader(cursor, `${where}[${headers.length}]`))
  while (cursor.next(CLOSE_BRACKET))
  return headers
}

function readHeader(cursor: JsonCursor, where: string): RecordHeader {
  if (cursor.peek() !== OPEN_BRACE) throw invalid(`${where} must be an object.`)
  let key: Text | null = null
  let value: Text | null = null
  let base64 = false
  let seen = 0
  let more = cursor.enter(OPEN_BRACE, CLOSE_BRACE)
  while (more) {
    const member = readMember(cursor, NAMES, seen, () => where)
    seen |= 1 << member
    if (member === KEY) key = readText(cursor, `${where}.key`)
    else if (member === VALUE) value = readNull(cursor) ? null : readText(cursor, `${where}.value`)
    else base64 = readEncoding(cursor, `${where}.value_encoding`)
    more = cursor.next(CLOSE_BRACE)
  }
  if (key === null) throw invalid(`${where} has no key.`)
  return {
    key: textBytes(cursor.bytes, key, false, `${where}.key`),
    value: value === null ? null : textBytes(cursor.bytes, value, base64, `${where}.value`)
  }
}

function readText(cursor: JsonCursor, where: string): Text {
  if (cursor.peek() !== QUOTE) throw invalid(`${where} must be a string.`)
  const start = cursor.position + 1
  const escaped = cursor.skipString()
  return { start, end: cursor.position - 1, escaped }
}

/** True for `base64`; null counts as absent. */
export function readEncoding(cursor: JsonCursor, where: string): boolean {
  if (readNull(cursor)) return false
  const { start, end } = readText(cursor, where)
  if (cursor.bytes.toString('latin1', start, end) !== 'base64')
    throw invalid(`${where} must be "base64" where it is given.`)
  return true
}

function textBytes(bytes: Buffer, { start, end, escaped }: Text, base64: boolean, where: string): Buffer {
  const length = decodeText(bytes, start, end, escaped, base64, where)
  return bytes.subarray(start, start + length)
}

/** Decodes the content of a JSON string in place and returns its length in bytes. Throws INVALID_BODY, naming `where`. */
export function decodeText(
  bytes: Buffer,
  start: number,
  end: number,
  escaped: boolean,
  base64: boolean,
  where: string
): number {
  const length = escaped ? unescapeInPlace(bytes, start, end) : end - start
  if (length < 0) throw invalid(`${where} holds a lone surrogate, which has no form in UTF-8.`)
  if (!base64) return length
  const decoded = decodeBase64InPlace(bytes, start, start + length)
  if (decoded < 0) throw invalid(`${where} is not base64 (RFC 4648, section 4, with padding).`)
  return decoded
}
