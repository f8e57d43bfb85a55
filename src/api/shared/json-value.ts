import { GatewayError } from '../../core/errors.ts'
import { bodyCursor } from './records/body-cursor.ts'
import { invalid, malformed } from './records/body-error.ts'
import { isDigit, type JsonCursor } from './records/json-cursor.ts'
import { wholeNumber } from './records/members.ts'

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COLON = 0x3a
const QUOTE = 0x22
const MINUS = 0x2d
const SHOWN_CHARACTERS = 64

/** Limits of a body that is small by its nature: an order to the gateway, not a load of records. */
export interface SmallBodyLimits {
  readonly bytes: number
  /** Containers within containers. */
  readonly depth: number
}

/** Names and indices from the body to a value in it. */
export type Path = readonly (string | number)[]

/**
 * Reads a whole JSON text as `JSON.parse` does, but refuses what that forgives: a member given twice, of which it takes the
 * last; a fraction so near to a whole number that it becomes one; text with a lone surrogate, which has no form in UTF-8.
 * Throws BODY_TOO_LARGE, MALFORMED_JSON with the byte at fault, and INVALID_BODY with the member at fault.
 */
export function readJson(body: Buffer, { bytes, depth }: SmallBodyLimits): unknown {
  if (body.length > bytes) throw new GatewayError('BODY_TOO_LARGE', `This body may have at most ${bytes} bytes.`)
  const cursor = bodyCursor(body, depth)
  const value = readValue(cursor, [], depth)
  cursor.end()
  return value
}

/** Names a value for a message, at the start of a sentence: `records[3].partition`; "The body" for the whole. */
export function placeOf(path: Path): string {
  if (path.length === 0) return 'The body'
  const text = path.map(part => (typeof part === 'number' ? `[${part}]` : `.${shown(part)}`)).join('')
  return typeof path[0] === 'number' ? `body${text}` : text.slice(1)
}

/** Shortens a name that the caller chose. */
export function shown(name: string): string {
  return name.slice(0, SHOWN_CHARACTERS).toWellFormed()
}

function readValue(cursor: JsonCursor, path: (string | number)[], depth: number): unknown {
  const byte = cursor.peek()
  if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
    if (path.length >= depth) throw malformed(`The body nests deeper than ${depth} levels at byte ${cursor.position}.`)
    return byte === OPEN_BRACE ? readObject(cursor, path, depth) : readArray(cursor, path, depth)
  }
  if (byte === QUOTE) return readText(cursor, path)
  if (byte === MINUS || isDigit(byte)) return readNumber(cursor, path)
  return readWord(cursor, byte)
}

function readObject(cursor: JsonCursor, path: (string | number)[], depth: number): object {
  const members = new Map<string, unknown>()
  for (let more = cursor.enter(OPEN_BRACE, CLOSE_BRACE); more; more = cursor.next(CLOSE_BRACE)) {
    if (cursor.peek() !== QUOTE) cursor.fail()
    const name = readText(cursor, path)
    if (members.has(name)) throw invalid(`${placeOf(path)} has the member '${shown(name)}' twice.`)
    cursor.expect(COLON)
    path.push(name)
    members.set(name, readValue(cursor, path, depth))
    path.pop()
  }
  // Unlike an assignment, this makes a member of `__proto__` too.
  return Object.fromEntries(members)
}

function readArray(cursor: JsonCursor, path: (string | number)[], depth: number): unknown[] {
  const entries: unknown[] = []
  for (let more = cursor.enter(OPEN_BRACKET, CLOSE_BRACKET); more; more = cursor.next(CLOSE_BRACKET)) {
    path.push(entries.length)
    entries.push(readValue(cursor, path, depth))
    path.pop()
  }
  return entries
}

function readText(cursor: JsonCursor, path: Path): string {
  const start = cursor.position
  const escaped = cursor.skipString()
  if (!escaped) return cursor.bytes.toString('utf8', start + 1, cursor.position - 1)
  const text = String(JSON.parse(cursor.bytes.toString('utf8', start, cursor.position)))
  if (!text.isWellFormed())
    throw invalid(`${placeOf(path)} holds a lone surrogate, which has no form in UTF-8.`, 'encoding')
  return text
}

function readNumber(cursor: JsonCursor, path: Path): number {
  const start = cursor.position
  cursor.skipNumber()
  const value = Number(cursor.bytes.toString('latin1', start, cursor.position))
  const rounded = Number.isSafeInteger(value) && Number.isNaN(wholeNumber(cursor.bytes, start, cursor.position))
  if (rounded) throw invalid(`${placeOf(path)} is a number too near to ${value} to be told from it.`)
  return value
}

function readWord(cursor: JsonCursor, byte: number): boolean | null {
  const word = byte === 0x74 ? 'true' : byte === 0x66 ? 'false' : 'null'
  cursor.skipWord(word)
  return word === 'null' ? null : word === 'true'
}
