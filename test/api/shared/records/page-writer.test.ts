import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { PAGE_STRIDE, type RecordPage } from '../../../../src/core/record-page.ts'
import { writePage } from '../../../../src/api/shared/records/page-writer.ts'

interface Stored {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly offset: number
  readonly timestamp: number
  readonly logAppendTime: boolean
  readonly headers: readonly { readonly key: Buffer; readonly value: Buffer | null }[]
}

function zigzag(value: number): Buffer {
  const bytes: number[] = []
  for (let rest = value < 0 ? -value * 2 - 1 : value * 2; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}

function pageOf(records: readonly Stored[], partition = 0): RecordPage {
  const pieces: Buffer[] = []
  let length = 0
  const put = (bytes: Buffer): number => {
    pieces.push(bytes)
    length += bytes.length
    return length - bytes.length
  }
  const spans = new Int32Array(records.length * PAGE_STRIDE)
  records.forEach(({ key, value, headers }, record) => {
    put(Buffer.from([0xff]))
    const keyStart = put(key ?? Buffer.alloc(0))
    const valueStart = put(value ?? Buffer.alloc(0))
    const encoded = headers.flatMap(header => [
      zigzag(header.key.length),
      header.key,
      zigzag(header.value === null ? -1 : header.value.length),
      header.value ?? Buffer.alloc(0)
    ])
    const headersStart = headers.length === 0 ? -1 : put(Buffer.concat([zigzag(headers.length), ...encoded]))
    spans.set([0, keyStart, key?.length ?? -1, valueStart, value?.length ?? -1, headersStart], record * PAGE_STRIDE)
  })
  return {
    partition,
    count: records.length,
    chunks: [Buffer.concat(pieces)],
    spans,
    offsets: Float64Array.from(records, ({ offset }) => offset),
    timestamps: Float64Array.from(records, ({ timestamp }) => timestamp),
    logAppendTime: Uint8Array.from(records, ({ logAppendTime }) => (logAppendTime ? 1 : 0)),
    nextOffset: 0,
    payloadBytes: 0
  }
}

/** The slow and obvious way. */
function expected(
  { key, value, offset, timestamp, logAppendTime, headers }: Stored,
  partition: number,
  forced: boolean
): string {
  const form = (name: string, bytes: Buffer | null, base64: boolean) => {
    if (bytes === null) return { [name]: null }
    return isUtf8(bytes) && !base64
      ? { [name]: bytes.toString() }
      : { [name]: bytes.toString('base64'), [`${name}_encoding`]: 'base64' }
  }
  return JSON.stringify({
    ...form('key', key, forced),
    ...form('value', value, forced),
    partition,
    offset,
    timestamp,
    timestampType: logAppendTime ? 'LOG_APPEND_TIME' : 'CREATE_TIME',
    ...(headers.length === 0
      ? {}
      : {
          headers: headers.map(header => ({ ...form('key', header.key, false), ...form('value', header.value, false) }))
        })
  })
}

const bytes = fc.oneof(
  fc.string({ unit: 'grapheme' }).map(text => Buffer.from(text)),
  fc
    .string({ unit: fc.constantFrom('"', '\\', '\n', '\u0000', '\u001f', '\u007f', 'a', 'é', '😀', '\u2028') })
    .map(text => Buffer.from(text)),
  fc.uint8Array().map(array => Buffer.from(array))
)
const stored = fc.record({
  key: fc.option(bytes),
  value: fc.option(bytes),
  offset: fc.maxSafeNat(),
  timestamp: fc.oneof(
    fc.maxSafeNat(),
    fc.constantFrom(-1, -62_135_596_800_000, 0, 2 ** 32, 2 ** 32 - 1, 999_999_999, 1_000_000_000)
  ),
  logAppendTime: fc.boolean(),
  headers: fc.array(fc.record({ key: bytes, value: fc.option(bytes) }), { maxLength: 3 })
})

suite('The writer of pages', () => {
  for (const forced of [false, true]) {
    test(`writes the same bytes as JSON.stringify would of the decoded records (base64 forced: ${forced})`, () => {
      fc.assert(
        fc.property(fc.array(stored, { maxLength: 12 }), fc.nat({ max: 2 ** 31 - 1 }), (records, partition) => {
          const encoding = forced ? 'base64' : 'auto'
          const written = writePage(pageOf(records, partition), { keys: encoding, values: encoding }).toString()
          assert.equal(written, `{"records":[${records.map(record => expected(record, partition, forced)).join(',')}]}`)
        }),
        { numRuns: 1000 }
      )
    })
  }

  test('rows of records with one timestamp say it and its type as each record has it', () => {
    const row = fc.tuple(
      fc.array(stored, { minLength: 1, maxLength: 24 }),
      fc.constantFrom(1_700_000_000_000, 1_700_000_000_001),
      fc.boolean()
    )
    fc.assert(
      fc.property(fc.array(row, { maxLength: 5 }), rows => {
        const records = rows.flatMap(([some, timestamp, logAppendTime]) =>
          some.map(each => ({ ...each, timestamp, logAppendTime }))
        )
        const written = writePage(pageOf(records), { keys: 'auto', values: 'auto' }).toString()
        assert.equal(written, `{"records":[${records.map(record => expected(record, 0, false)).join(',')}]}`)
      }),
      { numRuns: 300 }
    )
  })

  test('base64 is what Node makes of the bytes, whatever their number and wherever they lie', () => {
    for (let length = 0; length <= 300; length++) {
      const bytes = (seed: number) => Buffer.from(Array.from({ length }, (_, at) => (at * 167 + seed * 89) & 0xff))
      const records = [0, 1, 2, 3].map(at => ({
        key: Buffer.alloc(at),
        value: bytes(at),
        offset: 0,
        timestamp: 0,
        logAppendTime: false,
        headers: []
      }))
      const written = writePage(pageOf(records), { keys: 'base64', values: 'base64' }).toString()
      assert.equal(written, `{"records":[${records.map(each => expected(each, 0, true)).join(',')}]}`)
    }
  })

  test('an empty page is an empty array', () => {
    assert.equal(writePage(pageOf([]), { keys: 'auto', values: 'auto' }).toString(), '{"records":[]}')
  })
})
