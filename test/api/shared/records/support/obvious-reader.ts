import * as fc from 'fast-check'
import type { RecordForm, ValueRule } from '../../../../../src/api/shared/records/record-form.ts'
import {
  HEADER_STRIDE,
  headersStart,
  KEY_LENGTH,
  KEY_START,
  PARTITION,
  SPAN_STRIDE,
  VALUE_LENGTH,
  VALUE_START,
  type RecordTable
} from '../../../../../src/core/record-table.ts'
import { forms, jsonString, space, text } from './texts.ts'

/** The slow and obvious way to read a record, by JSON.parse: what the reader of bodies must come to. */

export interface ReadRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly partition: number
  readonly timestamp: number | null
  readonly headers: readonly { readonly key: Buffer; readonly value: Buffer | null }[]
}

/** Members in their order, each with the JSON text of its value. */
export type WrittenRecord = readonly (readonly [name: string, json: string])[]

class Refused extends Error {}

const refuse = (): never => {
  throw new Refused()
}

/** Null if the form refuses one of the records. */
export function readObviously(form: RecordForm, records: readonly WrittenRecord[], partition: number) {
  try {
    return records.map(record => readRecord(form, record, partition))
  } catch (error) {
    if (error instanceof Refused) return null
    throw error
  }
}

function readRecord(form: RecordForm, members: WrittenRecord, partition: number): ReadRecord {
  const json = (role: string): string => {
    const found = members.filter(([name]) => form.members[name] === role)
    return found.length === 0 ? 'null' : found[0][1]
  }
  if (members.some(([name]) => !(name in form.members))) refuse()
  if (form.valueRequired && !members.some(([name]) => name === 'value')) refuse()
  const timestamp = 'timestamp' in form.members && form.members.timestamp === 'timestamp'
  return {
    key: bytesOf(form.keys, json('key'), isBase64(json('keyEncoding'))),
    value: bytesOf(form.values, json('value'), isBase64(json('valueEncoding'))),
    partition: whole(json('partition'), 2 ** 31 - 1) ?? partition,
    timestamp: timestamp ? whole(json('timestamp'), Number.MAX_SAFE_INTEGER) : instant(json('isoTimestamp')),
    headers: headersOf(form, json('headers'))
  }
}

function isBase64(json: string): boolean {
  const value: unknown = JSON.parse(json)
  return value === 'base64' || (value !== null && refuse())
}

function bytesOf(rule: ValueRule, json: string, base64: boolean): Buffer | null {
  const value: unknown = JSON.parse(json)
  if (value === null) return null
  if (rule === 'typed') return typed(value, json)
  if (rule === 'json') return Buffer.from(json)
  if (typeof value === 'string') {
    if (!value.isWellFormed()) refuse()
    if (base64) return fromBase64(value, true)
    return rule === 'base64' ? fromBase64(value, false) : Buffer.from(value)
  }
  return rule === 'auto' && !base64 ? Buffer.from(json) : refuse()
}

function typed(value: unknown, json: string): Buffer | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return refuse()
  const { type, data = null, ...rest } = value as { type?: unknown; data?: unknown }
  if (Object.keys(rest).length > 0 || !['BINARY', 'JSON', 'STRING'].includes(String(type))) return refuse()
  const rule = type === 'BINARY' ? 'base64' : type === 'JSON' ? 'json' : 'text'
  // Only the generator below writes data, and always last.
  return data === null ? null : bytesOf(rule, json.slice(json.indexOf(':', json.indexOf('"data"')) + 1, -1), false)
}

function fromBase64(value: string, padded: boolean): Buffer {
  const bytes = Buffer.from(value, 'base64')
  const canonical = bytes.toString('base64')
  return value === canonical || (!padded && value === canonical.replaceAll('=', '')) ? bytes : refuse()
}

function whole(json: string, max: number): number | null {
  const value: unknown = JSON.parse(json)
  if (value === null) return null
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= max ? value : refuse()
}

function instant(json: string): number | null {
  const value: unknown = JSON.parse(json)
  if (value === null) return null
  const milliseconds = typeof value === 'string' && value.includes('T') ? Date.parse(value) : NaN
  return milliseconds >= 0 ? milliseconds : refuse()
}

function headersOf({ headers: form }: RecordForm, json: string): ReadRecord['headers'] {
  const headers: unknown = JSON.parse(json)
  if (headers === null) return []
  if (!Array.isArray(headers)) return refuse()
  return headers.map((header: Record<string, unknown> | null) => {
    if (header === null || typeof header !== 'object' || Array.isArray(header)) return refuse()
    if (Object.keys(header).some(name => !(name in form.members))) refuse()
    const part = (role: string) =>
      header[Object.keys(form.members).find(name => form.members[name] === role) ?? ''] ?? null
    const stringIn = (value: unknown) => (typeof value === 'string' ? value : refuse())
    const base64 = (role: string) => isBase64(JSON.stringify(part(role)))
    const bytes = (value: string, encoded: boolean) =>
      encoded ? fromBase64(value, true) : value.isWellFormed() ? Buffer.from(value) : refuse()
    const key = bytes(stringIn(part('key')), base64('keyEncoding'))
    const value = part('value')
    const encoded = base64('valueEncoding')
    if (value === null) return { key, value }
    if (form.values === 'base64') return { key, value: fromBase64(stringIn(value), false) }
    return { key, value: bytes(stringIn(value), encoded) }
  })
}

/** What the positions of a table point at. */
export function recordsOf({ bytes, count, spans, timestamps, headers }: RecordTable): ReadRecord[] {
  const part = (from: Int32Array, at: number) =>
    from[at + 1] < 0 ? null : Buffer.from(bytes.subarray(from[at], from[at] + from[at + 1]))
  return Array.from({ length: count }, (_, row) => {
    const at = row * SPAN_STRIDE
    const timestamp = timestamps === undefined ? NaN : timestamps[row]
    const from = headers === undefined ? 0 : headersStart(headers, row)
    const size = headers === undefined ? 0 : (headers.ends[row] - from) / HEADER_STRIDE
    return {
      key: part(spans.subarray(at + KEY_START, at + KEY_LENGTH + 1), 0),
      value: part(spans.subarray(at + VALUE_START, at + VALUE_LENGTH + 1), 0),
      partition: spans[at + PARTITION],
      timestamp: Number.isNaN(timestamp) ? null : timestamp,
      headers: Array.from({ length: size }, (_, header) => {
        const start = from + header * HEADER_STRIDE
        const spansOfAll = headers?.spans ?? new Int32Array()
        return { key: part(spansOfAll, start) ?? Buffer.alloc(0), value: part(spansOfAll, start + 2) }
      })
    }
  })
}

const base64 = fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes).toString('base64'))
const nearBase64 = fc.constantFrom('YQ', 'YR', 'YQ=', 'YQ==', 'YWI', 'YWI=', 'A', '=', 'YQ-_', 'Y Q=', 'é', '\ud800')
const strings = fc.oneof(
  { weight: 4, arbitrary: base64 },
  { weight: 3, arbitrary: base64.map(each => each.replaceAll('=', '')) },
  { weight: 1, arbitrary: fc.oneof(nearBase64, text) }
)
const stringJson = fc.tuple(strings, forms).map(([value, forms]) => jsonString(value, forms))
/** Numbers and white space that JSON.stringify never writes. */
const valueJson = fc.oneof(
  { weight: 6, arbitrary: stringJson },
  { weight: 2, arbitrary: fc.constant('null') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('1.0', '-0', '1e2', '9007199254740993', 'true', '[ 1 ,{} ]', '{"a" : [1.10]}')
  },
  { weight: 1, arbitrary: fc.json({ maxDepth: 3 }) }
)
const typedJson = fc
  .tuple(fc.constantFrom('BINARY', 'JSON', 'STRING', 'BINARY', 'STRING', 'AVRO'), fc.option(valueJson))
  .map(([type, data]) => (data === null ? `{"type":"${type}"}` : `{"type":"${type}","data":${data}}`))
const good: Readonly<Record<string, fc.Arbitrary<string>>> = {
  partition: fc.nat({ max: 2 ** 31 - 1 }).map(String),
  timestamp: fc.maxSafeNat().map(String),
  isoTimestamp: fc.constantFrom('"2021-02-05T19:14:42Z"', '"2021-02-05T19:14:42.123+01:00"'),
  keyEncoding: fc.constant('"base64"'),
  valueEncoding: fc.constant('"base64"'),
  ignored: fc.json({ maxDepth: 2 })
}
const bad = fc.constantFrom(
  'null',
  'null',
  'null',
  '-1',
  '1.5',
  '2147483648',
  '"1"',
  '[]',
  '[1]',
  '[null]',
  '{}',
  'true'
)

function memberJson(form: RecordForm, name: string): fc.Arbitrary<string> {
  const role = form.members[name]
  if (role === 'key' || role === 'value') {
    const rule = role === 'key' ? form.keys : form.values
    return rule === 'typed'
      ? fc.oneof({ weight: 12, arbitrary: typedJson }, { weight: 1, arbitrary: valueJson })
      : valueJson
  }
  return fc.oneof({ weight: 12, arbitrary: good[role] ?? headersJson(form) }, { weight: 1, arbitrary: bad })
}

function headersJson({ headers: { members } }: RecordForm): fc.Arbitrary<string> {
  const keyMember = Object.keys(members).find(name => members[name] === 'key') ?? ''
  const member = (name: string) =>
    (members[name] === 'key' || members[name] === 'value' ? stringJson : fc.constantFrom('"base64"', 'null')).map(
      json => [name, json] as const
    )
  const others = Object.keys(members).filter(name => name !== keyMember)
  return fc
    .array(
      fc.tuple(member(keyMember), ...others.map(name => fc.option(member(name)))).map(
        all =>
          `{${all
            .filter(each => each !== null)
            .map(([name, json]) => `"${name}":${json}`)
            .join(',')}}`
      ),
      { maxLength: 3 }
    )
    .map(headers => `[${headers.join(' , ')}]`)
}

/** Records as the form has them, now and then with a fault in one of them, in any order and any spelling of the names. */
export function bodies(
  form: RecordForm
): fc.Arbitrary<{ records: readonly WrittenRecord[]; texts: readonly string[] }> {
  const names = Object.keys(form.members)
  const record = fc
    .tuple(fc.subarray(names), fc.constantFrom(...Array<string>(20).fill('value'), 'unknown'))
    .chain(([some, other]) =>
      fc.shuffledSubarray([...new Set([...some, other])], { minLength: new Set([...some, other]).size })
    )
    .chain(chosen => fc.tuple(...chosen.map(name => memberJson(form, name).map(json => [name, json] as const))))
  return fc.array(fc.tuple(record, forms, space, space), { minLength: 1, maxLength: 4 }).map(written => ({
    records: written.map(([members]) => members),
    texts: written.map(
      ([members, forms, before, after]) =>
        `{${members.map(([name, json]) => `${before}${jsonString(name, forms)}${after}:${before}${json}${after}`).join(',')}}`
    )
  }))
}
