import { invalid, memberAt, objectAt, type Place } from './body-error.ts'
import type { JsonCursor } from './json-cursor.ts'
import { BASE64_UNPADDED, NOT_BASE64, readText, textLength, TextSpan } from './json-text.ts'
import { matches, memberNames, readMember, readNull } from './members.ts'
import type { ValuePlan } from './record-form.ts'
import { unescapeInPlace } from './string-bytes.ts'
import { findValue, type ValueSpan } from './value-span.ts'

const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const NAMES = memberNames('type', 'data')
const TYPE = 0
const TYPES = ['BINARY', 'JSON', 'STRING']
const BINARY = 0
const JSON = 1

/** Shared by all calls: reading a type never yields. */
const type = new TextSpan()

/**
 * Reads `{"type": …, "data": …}` and decodes the data in place. Leaves `span` alone if the data is null or missing. Throws
 * INVALID_BODY, naming the member at `place`.
 */
export function readTyped(cursor: JsonCursor, span: ValueSpan, plan: ValuePlan, place: Place): void {
  if (readNull(cursor)) return
  if (cursor.peek() !== OPEN_BRACE) throw invalid(`${objectAt(place)} must be an object of type and data.`)
  let kind = -1
  let seen = 0
  let more = cursor.enter(OPEN_BRACE, CLOSE_BRACE)
  while (more) {
    const member = readMember(cursor, NAMES, seen, place)
    seen |= 1 << member
    if (member === TYPE) kind = readType(cursor, place)
    else findValue(cursor, span, plan)
    more = cursor.next(CLOSE_BRACE)
  }
  if (kind < 0) throw invalid(`${objectAt(place)} has no type.`, 'missing')
  if (span.start >= 0) decodeData(cursor.bytes, span, kind, place)
}

function readType(cursor: JsonCursor, place: Place): number {
  readText(cursor, place, 'type', type)
  const { bytes } = cursor
  const length = type.escaped ? unescapeInPlace(bytes, type.start, type.end) : type.end - type.start
  const kind = TYPES.findIndex(name => matches(bytes, type.start, length, name))
  if (kind < 0) throw invalid(`${memberAt(place, 'type')} must be one of ${TYPES.join(', ')}.`)
  return kind
}

/** The type may stand behind the data: only now is known what the data had to be. */
function decodeData(bytes: Buffer, span: ValueSpan, kind: number, place: Place): void {
  if (kind === JSON) {
    if (!span.isText) return
    span.start--
    span.end++
  } else {
    if (!span.isText) throw invalid(`${memberAt(place, 'data')} must be a string, as type says ${TYPES[kind]}.`)
    span.end = span.start + textLength(bytes, span, kind === BINARY ? BASE64_UNPADDED : NOT_BASE64, place, 'data')
  }
  span.isText = false
}
