import { BASE64_UNPADDED, NOT_BASE64, type Base64Rule } from './json-text.ts'
import { memberNames, type MemberNames } from './members.ts'
import { headerPlan, type HeaderForm, type HeaderPlan } from './record-headers.ts'

export const KEY = 0
export const VALUE = 1
export const PARTITION = 2
export const HEADERS = 3
export const TIMESTAMP = 4
export const ISO_TIMESTAMP = 5
export const KEY_ENCODING = 6
export const VALUE_ENCODING = 7
/** By the numbers above. */
const ROLES = [
  'key',
  'value',
  'partition',
  'headers',
  'timestamp',
  'isoTimestamp',
  'keyEncoding',
  'valueEncoding',
  'ignored'
] as const

/** What a member of a record holds. Timestamps are milliseconds since 1970 (`timestamp`) or RFC 3339 (`isoTimestamp`). */
export type MemberRole = (typeof ROLES)[number]

/**
 * How a key or value in JSON becomes bytes. Null is Kafka's null under every rule.
 * - `auto`: a string is its text in UTF-8, or base64 if an encoding member says so; anything else is its JSON text as sent
 * - `json`: its JSON text as sent, a string with its quotes
 * - `base64`: a string of base64; padding is optional
 * - `text`: a string, as UTF-8
 * - `typed`: `{"type": "BINARY" | "JSON" | "STRING", "data": …}`, where type chooses among the three rules before
 */
export type ValueRule = 'auto' | 'json' | 'base64' | 'text' | 'typed'

/** How a dialect writes the records of a produce request. */
export interface RecordForm {
  /** Member of the body that holds the array of records; null if the body is a single record. */
  readonly records: string | null
  /** Accepts an empty array. */
  readonly mayBeEmpty: boolean
  /** Other members of the body, which are accepted and not read. */
  readonly ignored: readonly string[]
  /** By name, in the order in which messages list them; all others are refused. The value's name is `value`. */
  readonly members: Readonly<Record<string, MemberRole>>
  readonly keys: ValueRule
  readonly values: ValueRule
  /** Refuses a record without a value. Without this, the record is a tombstone. */
  readonly valueRequired: boolean
  readonly headers: HeaderForm
}

/** A {@link ValueRule} as the reader tests it. */
export interface ValuePlan {
  /** Bytes of a string's quotes at either end that do not belong to it: 0 keeps them. */
  readonly quoteBytes: 0 | 1
  /** Refuses what is no string. */
  readonly stringOnly: boolean
  readonly typed: boolean
  /** Unless an encoding member of the record says something else. */
  readonly base64: Base64Rule
  /** Containers around the value. */
  readonly depth: number
}

/** A {@link RecordForm} as the reader looks things up. One shape for all forms, so that V8 compiles the reader once. */
export interface RecordPlan {
  /** Null if the body is a single record. */
  readonly bodyNames: MemberNames | null
  /** The one of {@link bodyNames} that holds the records. */
  readonly recordsMember: string
  readonly mayBeEmpty: boolean
  readonly names: MemberNames
  /** By index in {@link names}. */
  readonly roles: readonly number[]
  readonly keys: ValuePlan
  readonly values: ValuePlan
  /** Bit of the value among the members seen. */
  readonly valueBit: number
  /** Bits of the members that a record must have. */
  readonly requiredBits: number
  readonly headers: HeaderPlan
  /** Containers around a member's value. */
  readonly depth: number
}

/** Index of the member that holds the records among the names of the body. */
export const RECORDS = 0

export function recordPlan(form: RecordForm): RecordPlan {
  const names = Object.keys(form.members)
  const depth = form.records === null ? 1 : 3
  const valueBit = 1 << names.indexOf('value')
  return {
    bodyNames: form.records === null ? null : memberNames(form.records, ...form.ignored),
    recordsMember: form.records ?? '',
    mayBeEmpty: form.mayBeEmpty,
    names: memberNames(...names),
    roles: names.map(name => ROLES.indexOf(form.members[name])),
    keys: valuePlan(form.keys, depth),
    values: valuePlan(form.values, depth),
    valueBit,
    requiredBits: form.valueRequired ? valueBit : 0,
    headers: headerPlan(form.headers),
    depth
  }
}

function valuePlan(rule: ValueRule, depth: number): ValuePlan {
  return {
    quoteBytes: rule === 'json' ? 0 : 1,
    stringOnly: rule === 'base64' || rule === 'text',
    typed: rule === 'typed',
    base64: rule === 'base64' ? BASE64_UNPADDED : NOT_BASE64,
    depth: rule === 'typed' ? depth + 1 : depth
  }
}
