import { GatewayError } from '../../core/errors.ts'
import type { JsonCursor } from './json-cursor.ts'
import { unescapeInPlace } from './string-bytes.ts'

const COLON = 0x3a
const QUOTE = 0x22

export function invalid(message: string): GatewayError {
  return new GatewayError('INVALID_BODY', message)
}

/**
 * Reads the name of a member and the colon behind it, and returns which of `names` it is. `seen` holds a bit for each
 * that this object had already. Throws INVALID_BODY for a name that is not among them, or there twice; `where` is the
 * object as the message names it.
 */
export function readMember(cursor: JsonCursor, names: readonly string[], seen: number, where: () => string): number {
  if (cursor.peek() !== QUOTE) cursor.fail()
  const start = cursor.position + 1
  const escaped = cursor.skipString()
  const end = cursor.position - 1
  const length = escaped ? unescapeInPlace(cursor.bytes, start, end) : end - start
  const index = indexOfName(cursor.bytes, start, length, names)
  if (index < 0) {
    const name =
      length < 0 ? 'with a lone surrogate' : `'${cursor.bytes.toString('utf8', start, start + Math.min(length, 64))}'`
    throw invalid(`${where()} has a member ${name}, which is not known; it takes ${names.join(', ')}.`)
  }
  if (seen & (1 << index)) throw invalid(`${where()} has the member '${names[index]}' twice.`)
  cursor.expect(COLON)
  return index
}

function indexOfName(bytes: Buffer, start: number, length: number, names: readonly string[]): number {
  for (let index = 0; index < names.length; index++) if (matches(bytes, start, length, names[index])) return index
  return -1
}

function matches(bytes: Buffer, start: number, length: number, name: string): boolean {
  if (length !== name.length) return false
  for (let at = 0; at < length; at++) if (bytes[start + at] !== name.charCodeAt(at)) return false
  return true
}

/** A whole number from `min` to `max`; throws what `refuse` makes of anything else. */
export function readInteger(cursor: JsonCursor, min: number, max: number, refuse: () => GatewayError): number {
  const byte = cursor.peek()
  if (byte !== 0x2d && !(byte >= 0x30 && byte <= 0x39)) throw refuse()
  const start = cursor.position
  cursor.skipNumber()
  const value = Number(cursor.bytes.toString('latin1', start, cursor.position))
  if (!Number.isInteger(value) || value < min || value > max) throw refuse()
  return value === 0 ? 0 : value
}

/** Past a null, if that is what stands here. */
export function readNull(cursor: JsonCursor): boolean {
  if (cursor.peek() !== 0x6e) return false
  cursor.skipWord('null')
  return true
}
