import type { HeaderCollector } from './header-collector.ts'
import type { JsonCursor } from './json-cursor.ts'
import { invalid, matches, memberNames, readMember, readNull } from './members.ts'
import { decodeBase64InPlace, unescapeInPlace } from './string-bytes.ts'

const NAMES = memberNames('key', 'value', 'key_encoding', 'value_encoding')
const KEY = 0
const VALUE = 1
const KEY_ENCODING = 2
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const QUOTE = 0x22

/** A string as it was found: `start` is −1 where there is none. */
class Text {
  start = -1
  end = 0
  escaped = false
}

/** One of each for all headers: reading them never yields. */
const key = new Text()
const value = new Text()
const encoding = new Text()

/**
 * Adds the `headers` of a record to `headers`: an array of key, value and perhaps the encoding of each. `record` is what has
 * them, as messages name it; asked only when one is needed, as in all functions here.
 */
export function readHeaders(cursor: JsonCursor, record: () => string, headers: HeaderCollector): void {
  if (cursor.peek() !== OPEN_BRACKET) throw invalid(`${record()}.headers must be an array.`)
  if (!cursor.enter(OPEN_BRACKET, CLOSE_BRACKET)) return
  const before = headers.count
  const where = () => `${record()}.headers[${headers.count - before}]`
  do readHeader(cursor, where, headers)
  while (cursor.next(CLOSE_BRACKET))
}

function readHeader(cursor: JsonCursor, where: () => string, headers: HeaderCollector): void {
  if (cursor.peek() !== OPEN_BRACE) throw invalid(`${where()} must be an object.`)
  key.start = value.start = -1
  let keyBase64 = false
  let valueBase64 = false
  let seen = 0
  let more = cursor.enter(OPEN_BRACE, CLOSE_BRACE)
  while (more) {
    const member = readMember(cursor, NAMES, seen, where)
    seen |= 1 << member
    if (member === KEY) readText(cursor, where, 'key', key)
    else if (member === KEY_ENCODING) keyBase64 = readEncoding(cursor, where, 'key_encoding')
    else if (member !== VALUE) valueBase64 = readEncoding(cursor, where, 'value_encoding')
    else if (!readNull(cursor)) readText(cursor, where, 'value', value)
    more = cursor.next(CLOSE_BRACE)
  }
  if (key.start < 0) throw invalid(`${where()} has no key.`)
  const keyLength = lengthOf(cursor.bytes, key, keyBase64, where, 'key')
  const valueLength = value.start < 0 ? -1 : lengthOf(cursor.bytes, value, valueBase64, where, 'value')
  headers.add(key.start, keyLength, value.start, valueLength)
}

function readText(cursor: JsonCursor, where: () => string, member: string, text: Text): void {
  if (cursor.peek() !== QUOTE) throw invalid(`${where()}.${member} must be a string.`)
  text.start = cursor.position + 1
  text.escaped = cursor.skipString()
  text.end = cursor.position - 1
}

/** True for `base64`; null counts as absent. */
export function readEncoding(cursor: JsonCursor, where: () => string, member: string): boolean {
  if (readNull(cursor)) return false
  readText(cursor, where, member, encoding)
  const { start, end, escaped } = encoding
  const length = escaped ? unescapeInPlace(cursor.bytes, start, end) : end - start
  if (!matches(cursor.bytes, start, length, 'base64'))
    throw invalid(`${where()}.${member} must be "base64" where it is given.`)
  return true
}

function lengthOf(bytes: Buffer, text: Text, base64: boolean, where: () => string, member: string): number {
  if (!text.escaped && !base64) return text.end - text.start
  return decodeText(bytes, text.start, text.end, text.escaped, base64, where, member)
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
