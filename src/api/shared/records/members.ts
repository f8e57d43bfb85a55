import type { GatewayError } from '../../../core/errors.ts'
import { invalid, objectAt, type Place } from './body-error.ts'
import { isDigit, type JsonCursor } from './json-cursor.ts'
import { hexAt, unescapeInPlace } from './string-bytes.ts'

const COLON = 0x3a
const QUOTE = 0x22
const BACKSLASH = 0x5c
const MINUS = 0x2d
const POINT = 0x2e
/** Of a caller's own text in a message. */
const SHOWN_BYTES = 64
/** A whole number of fewer digits is exact in a double. */
const EXACT_DIGITS = 15
/** 10 to a higher power is not exact in a double. */
const EXACT_POWER = 22
/** No number in range needs more, unless someone plays. */
const NUMBER_LIMIT_BYTES = 40
/** Of ten: `**` takes as long as the rest of a number. */
const POWERS = Float64Array.from({ length: NUMBER_LIMIT_BYTES + 1 }, (_, power) => Number(`1e${power}`))

/** The names that the members of an object may have, in ASCII. */
export interface MemberNames {
  readonly texts: readonly string[]
  /** As they stand in a body, with the quote behind them: nearly all do, and are known without being scanned first. */
  readonly quoted: readonly Uint8Array[]
  /** For the one that is being read, as it would stand without escapes. */
  readonly spelled: Uint8Array
}

export function memberNames(...texts: readonly string[]): MemberNames {
  const quoted = texts.map(text => Uint8Array.from(Buffer.from(`${text}"`)))
  return { texts, quoted, spelled: new Uint8Array(Math.max(...quoted.map(({ length }) => length))) }
}

/**
 * Reads the name of a member and the colon behind it, and returns which of `names` it is. `seen` holds a bit for each
 * that this object had already. Throws INVALID_BODY for a name that is not among them, or there twice; `place` is the
 * object, for the message.
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
 * A known name spelled with escapes of ASCII, read in one pass: looked over and then resolved, escapes cost as much again.
 * Returns −1, and the cursor stays, where it is anything else.
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
    // What must be escaped is in no name.
    if (!(byte > QUOTE && byte < 0x7f)) return -1
    spelled[length++] = byte
  }
  if (bytes[position] !== QUOTE) return -1
  spelled[length] = QUOTE
  const index = quotedName(spelled, 0, quoted)
  if (index >= 0) cursor.position = position + 1
  return index
}

/** Throws MALFORMED_JSON where what stands here is no whole string. */
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

/** Whether the bytes are this text in ASCII. */
export function matches(bytes: Buffer, start: number, length: number, name: string): boolean {
  if (length !== name.length) return false
  for (let at = 0; at < length; at++) if (bytes[start + at] !== name.charCodeAt(at)) return false
  return true
}

/** Text of the caller for a message: not more than {@link SHOWN_BYTES} of it, cut between characters. */
function shown(bytes: Buffer, start: number, end: number): string {
  let cut = Math.min(end, start + SHOWN_BYTES)
  while (cut < end && (bytes[cut] & 0xc0) === 0x80) cut--
  return bytes.toString('utf8', start, cut)
}

/** A whole number from `min` to `max`; throws what `refuse` makes of anything else. */
export function readInteger(cursor: JsonCursor, min: number, max: number, refuse: () => GatewayError): number {
  const byte = cursor.peek()
  if (byte !== MINUS && !isDigit(byte)) throw refuse()
  const start = cursor.position
  cursor.skipNumber()
  const value = wholeNumber(cursor.bytes, start, cursor.position)
  if (!(value >= min && value <= max)) throw refuse()
  return value
}

/** The value of a number that is whole (`12`, `12.0`, `1.2e1`), else NaN. */
export function wholeNumber(bytes: Buffer, start: number, end: number): number {
  if (end - start > EXACT_DIGITS) return wholeDecimal(bytes, start, end)
  let value = 0
  for (let at = start; at < end; at++) {
    if (!isDigit(bytes[at])) return wholeDecimal(bytes, start, end)
    value = value * 10 + bytes[at] - 0x30
  }
  return value
}

/** Judged by the digits: as a double, 0.99999999999999999 would be 1, and a record would go to another partition. */
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
  // Beyond that a product is rounded twice.
  if (significant > Number.MAX_SAFE_INTEGER || power > EXACT_POWER) return Number(bytes.toString('latin1', start, end))
  return (bytes[start] === MINUS ? -significant : significant) * POWERS[power]
}

/** 0 where there is none. */
function exponentOf(bytes: Buffer, start: number, end: number): number {
  let value = 0
  for (let at = start; at < end; at++) if (isDigit(bytes[at])) value = value * 10 + bytes[at] - 0x30
  return start < end && bytes[start] === MINUS ? -value : value
}

/** Past a null, if that is what stands here. */
export function readNull(cursor: JsonCursor): boolean {
  if (cursor.peek() !== 0x6e) return false
  cursor.skipWord('null')
  return true
}
