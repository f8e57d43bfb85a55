import { invalid, memberAt, objectAt, type Place } from './body-error.ts'
import type { HeaderCollector } from './header-collector.ts'
import type { JsonCursor } from './json-cursor.ts'
import {
  BASE64_UNPADDED,
  NOT_BASE64,
  readEncoding,
  readText,
  textLength,
  TextSpan,
  type Base64Rule
} from './json-text.ts'
import { memberNames, readMember, readNull, type MemberNames } from './members.ts'

/** How a dialect writes the headers of a record: an array of objects, each with a key and perhaps a value. */
export interface HeaderForm {
  /** By name, in the order in which messages list them. */
  readonly members: Readonly<Record<string, 'key' | 'value' | 'keyEncoding' | 'valueEncoding'>>
  /** Of values that no encoding member speaks for; padding of base64 is optional. */
  readonly values: 'text' | 'base64'
}

const ROLES = ['key', 'value', 'keyEncoding', 'valueEncoding']
const KEY = 0
const VALUE = 1
const KEY_ENCODING = 2
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** A {@link HeaderForm} as the reader looks things up. */
export interface HeaderPlan {
  readonly names: MemberNames
  /** By index in {@link names}. */
  readonly roles: readonly number[]
  readonly keyMember: string
  readonly base64: Base64Rule
}

export function headerPlan({ members, values }: HeaderForm): HeaderPlan {
  const names = Object.keys(members)
  return {
    names: memberNames(...names),
    roles: names.map(name => ROLES.indexOf(members[name])),
    keyMember: names.find(name => members[name] === 'key') ?? '',
    base64: values === 'base64' ? BASE64_UNPADDED : NOT_BASE64
  }
}

/** Shared by all headers: reading them never yields. */
const key = new TextSpan()
const value = new TextSpan()

/** Adds the headers of the record at `record` to `headers`. Throws INVALID_BODY. */
export function readHeaders(cursor: JsonCursor, plan: HeaderPlan, record: Place, headers: HeaderCollector): void {
  if (cursor.peek() !== OPEN_BRACKET) throw invalid(`${memberAt(record, 'headers')} must be an array.`)
  if (!cursor.enter(OPEN_BRACKET, CLOSE_BRACKET)) return
  const before = headers.count
  const header = { path: () => `${memberAt(record, 'headers')}[${headers.count - before}]` }
  do readHeader(cursor, plan, header, headers)
  while (cursor.next(CLOSE_BRACKET))
}

function readHeader(cursor: JsonCursor, plan: HeaderPlan, place: Place, headers: HeaderCollector): void {
  if (cursor.peek() !== OPEN_BRACE) throw invalid(`${objectAt(place)} must be an object.`)
  const { names, roles } = plan
  key.start = value.start = -1
  let keyBase64: Base64Rule = NOT_BASE64
  let valueBase64 = plan.base64
  let seen = 0
  let more = cursor.enter(OPEN_BRACE, CLOSE_BRACE)
  while (more) {
    const member = readMember(cursor, names, seen, place)
    seen |= 1 << member
    const role = roles[member]
    if (role === KEY) readText(cursor, place, names.texts[member], key)
    else if (role === VALUE) {
      if (!readNull(cursor)) readText(cursor, place, 'value', value)
    } else {
      const rule = readEncoding(cursor, place, names.texts[member])
      if (role === KEY_ENCODING) keyBase64 = rule
      else valueBase64 = rule
    }
    more = cursor.next(CLOSE_BRACE)
  }
  if (key.start < 0) throw invalid(`${objectAt(place)} has no ${plan.keyMember}.`, 'missing')
  const keyLength = textLength(cursor.bytes, key, keyBase64, place, plan.keyMember)
  const valueLength = value.start < 0 ? -1 : textLength(cursor.bytes, value, valueBase64, place, 'value')
  headers.add(key.start, keyLength, value.start, valueLength)
}
