import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { beginPage, writePage } from '../../../src/api/v1/record-form.ts'
import { pageOf, stored, type Stored } from '../shared/records/support/pages.ts'

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

  test('of keys and values that are longer than wanted it shows the first bytes as base64, and the size', () => {
    const most = fc.integer({ min: 0, max: 12 })
    fc.assert(
      fc.property(fc.array(stored, { maxLength: 12 }), most, most, (records, keyBytes, valueBytes) => {
        const text = beginPage({ keys: 'auto', values: 'auto' }, { keyBytes, valueBytes })
        text.add(pageOf(records))
        const cut = (name: string, bytes: Buffer | null, length: number) =>
          bytes === null || bytes.length <= length
            ? {}
            : {
                [name]: bytes.toString('base64', 0, length),
                [`${name}_encoding`]: 'base64',
                [`${name}_size`]: bytes.length
              }
        const wanted = records.map(record => {
          const whole = JSON.parse(expected(record, 0, false))
          return { ...whole, ...cut('key', record.key, keyBytes), ...cut('value', record.value, valueBytes) }
        })
        assert.deepEqual(JSON.parse(text.finish('}').toString()), { records: wanted })
      }),
      { numRuns: 300 }
    )
  })

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
