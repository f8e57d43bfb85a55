import type { GatewayError } from '../../../core/errors.ts'
import { invalid, objectAt, type Place } from './body-error.ts'
import { isDigit, type JsonCursor } from './json-cursor.ts'
import { hexAt, unescapeInPlace } from './string-bytes.ts'

const COLON = 0x3a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d
const POINT = 0x2e
/** Longest part of a caller's own text that a message repeats. */
const SHOWN_BYTES = 64
/** A double holds every whole number of so many digits exactly. */
const EXACT_DIGITS = 15
/** Highest power of ten that a double holds exactly. */
const EXACT_POWER = 22
/** Longer than any valid number; anything longer is refused. */
const NUMBER_LIMIT_BYTES = 40
/** Powers of ten, because `**` takes as long as the rest of a number. */
const POWERS = Float64Array.from({ length: NUMBER_LIMIT_BYTES + 1 }, (_, power) => Number(`1e${power}`))

/** The names that the members of an object may have, in ASCII. */
export interface MemberNames {
  readonly texts: readonly string[]
  /** Each name with its closing quote, as it usually stands in a body. */
  readonly quoted: readonly Uint8Array[]
  /** Buffer for the name being read, with its escapes resolved. */
  readonly spelled: Uint8Array
}

export function memberNames(...texts: readonly string[]): MemberNames {
  const quoted = texts.map(text => Uint8Array.from(Buffer.from(`${text}"`)))
  return { texts, quoted, spelled: new Uint8Array(Math.max(...quoted.map(({ length }) => length))) }
}

/**
 * Reads the name of a member and the colon behind it. Returns its index in `names`. `seen` has a bit for each name that the
 * object at `place` has had already. Throws INVALID_BODY if the name is not among them, or comes twice.
 */
export function readMember(cursor: JsonCursor, names: MemberNames, seen: number, place: Place): number {
  if (cursor.peek() !== QUOTE) cursor.fail()
  const start = cursor.position + 1
  let index = cursor.bytes[start] === BACKSLASH ? -1 : quotedName(cursor.bytes, start, names.quoted)
  if (index >= 0) cursor.position += 1 + names.quoted[index].length
  else {
    index = escapedName(cursor, names)
    if (index < 0) throw unknownName(cursor, names, place)
  }
  if (seen & (1 << index)) throw invalid(`${objectAt(place)} has the member '${names.texts[index]}' twice.`)
  cursor.expect(COLON)
  return index
}

function quotedName(bytes: Uint8Array, start: number, quoted: readonly Uint8Array[]): number {
  for (let index = 0; index < quoted.length; index++) {
    const name = quoted[index]
    let at = 0
    while (at < name.length && bytes[start + at] === name[at]) at++
    if (at === name.length) return index
  }
  return -1
}

/**
 * Reads a known name that is spelled with escapes of ASCII, in one pass: a second one would double its cost. Returns −1 for
 * anything else, and leaves the cursor where it is.
 */
function escapedName(cursor: JsonCursor, { quoted, spelled }: MemberNames): number {
  const { bytes } = cursor
  let position = cursor.position + 1
  let length = 0
  while (length < spelled.length - 1 && bytes[position] !== QUOTE) {
    let byte = bytes[position++]
    if (byte === BACKSLASH) {
      byte = bytes[position] === 0x75 && position + 4 < bytes.length ? hexAt(bytes, position + 1) : -1
      position += 5
    }
    // No name holds a character that must be escaped.
    if (!(byte > QUOTE && byte < 0x7f)) return -1
    spelled[length++] = byte
  }
  if (bytes[position] !== QUOTE) return -1
  spelled[length] = QUOTE
  const index = quotedName(spelled, 0, quoted)
  if (index >= 0) cursor.position = position + 1
  return index
}

/** Makes the error for an unknown name. Throws MALFORMED_JSON if the name is not a whole string. */
function unknownName(cursor: JsonCursor, { texts }: MemberNames, place: Place): GatewayError {
  const { bytes } = cursor
  const start = cursor.position + 1
  const escaped = cursor.skipString()
  const length = escaped ? unescapeInPlace(bytes, start, cursor.position - 1) : cursor.position - 1 - start
  const name = length < 0 ? 'with a lone surrogate' : `'${shown(bytes, start, start + length)}'`
  return invalid(
    `${objectAt(place)} has a member ${name}, which is not known; it takes ${texts.join(', ')}.`,
    'unknown'
  )
}

/** Returns whether the bytes are this text in ASCII. */
export function matches(bytes: Buffer, start: number, length: number, name: string): boolean {
  if (length !== name.length) return false
  for (let at = 0; at < length; at++) if (bytes[start + at] !== name.charCodeAt(at)) return false
  return true
}

/** Returns text of the caller for a message: at most {@link SHOWN_BYTES} of it, cut between characters. */
function shown(bytes: Buffer, start: number, end: number): string {
  let cut = Math.min(end, start + SHOWN_BYTES)
  while (cut < end && (bytes[cut] & 0xc0) === 0x80) cut--
  return bytes.toString('utf8', start, cut)
}

/** Reads a whole number from `min` to `max`. Throws what `refuse` returns for anything else. */
export function readInteger(cursor: JsonCursor, min: number, max: number, refuse: () => GatewayError): number {
  const byte = cursor.peek()
  if (byte !== MINUS && !isDigit(byte)) throw refuse()
  const start = cursor.position
  cursor.skipNumber()
  const value = wholeNumber(cursor.bytes, start, cursor.position)
  if (!(value >= min && value <= max)) throw refuse()
  return value
}

/** Returns the value of a whole number (`12`, `12.0`, `1.2e1`), or NaN. */
export function wholeNumber(bytes: Buffer, start: number, end: number): number {
  if (end - start > EXACT_DIGITS) return wholeDecimal(bytes, start, end)
  let value = 0
  for (let at = start; at < end; at++) {
    if (!isDigit(bytes[at])) return wholeDecimal(bytes, start, end)
    value = value * 10 + bytes[at] - 0x30
  }
  return value
}

/** Judges by the digits: as a double, 0.99999999999999999 is 1, and a record would go to another partition. */
function wholeDecimal(bytes: Buffer, start: number, end: number): number {
  if (end - start > NUMBER_LIMIT_BYTES) return NaN
  let at = bytes[start] === MINUS ? start + 1 : start
  let significant = 0
  let zeros = 0
  let places = 0
  let fraction = 0
  for (; at < end && (bytes[at] | 0x20) !== 0x65; at++) {
    const digit = bytes[at] - 0x30
    if (bytes[at] === POINT) fraction = 1
    else if (digit === 0) zeros++
    else {
      significant = significant * POWERS[zeros + 1] + digit
      zeros = 0
    }
    if (bytes[at] !== POINT) places += fraction
  }
  if (significant === 0) return 0
  const power = zeros - places + exponentOf(bytes, at + 1, end)
  if (power < 0) return NaN
  // A product beyond these would be rounded twice.
  if (significant > Number.MAX_SAFE_INTEGER || power > EXACT_POWER) return Number(bytes.toString('latin1', start, end))
  return (bytes[start] === MINUS ? -significant : significant) * POWERS[power]
}

/** Returns 0 if there is no exponent. */
function exponentOf(bytes: Buffer, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at++) if (isDigit(bytes[at])) value = value * 10 + bytes[at] - 0x30
  return start < end && bytes[start] === MINUS ? -value : value
}

/** Steps over null and returns true; returns false for anything else. */
export function readNull(cursor: JsonCursor): boolean {
  if (cursor.peek() !== 0x6e) return false
  cursor.skipWord('null')
  return true
}
