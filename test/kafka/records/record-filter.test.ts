import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { readRecords } from '../../../src/kafka/records/decode-records.ts'
import { OpenBatch } from '../../../src/kafka/records/open-batch.ts'
import { PageBuilder, type RecordFilter } from '../../../src/kafka/records/page-builder.ts'
import { FIND_LIMIT_BYTES, holding, withKey } from '../../../src/kafka/records/record-filter.ts'
import { batchOf, recordsOf, type StoredRecord } from './stored.ts'

const HEADER_BYTES = 61

function passing(records: readonly StoredRecord[], filter: RecordFilter): number[] {
  const header = {
    baseOffset: 0,
    lastOffset: records.length - 1,
    recordCount: records.length,
    attributes: 0,
    baseTimestampMs: 0,
    maxTimestampMs: 0,
    producerId: -1n
  }
  const page = new PageBuilder(0, 0, { records: 1e6, bytes: 1e9 }, filter)
  readRecords(new OpenBatch(header, batchOf({ baseOffset: 0, records }).subarray(HEADER_BYTES)), page)
  return recordsOf(page.build()).map(({ offset }) => offset)
}

/** Few letters, so that texts are found now and then, across the borders of records too. */
const letters = (length: object) =>
  fc.string({ unit: fc.constantFrom('a', 'b', '\0', '\x02', '\x04'), ...length }).map(text => Buffer.from(text))
const record = fc.record(
  {
    key: letters({ maxLength: 6 }),
    value: letters({ maxLength: 12 }),
    headers: fc.array(fc.tuple(letters({ maxLength: 4 }), letters({ maxLength: 4 })), { maxLength: 2 })
  },
  { requiredKeys: ['value'] }
)

suite('A filter of records', () => {
  test('lets those pass whose key, value, or name or value of a header holds the bytes, and no others', () => {
    fc.assert(
      fc.property(
        fc.array(record, { minLength: 1, maxLength: 30 }),
        letters({ minLength: 1, maxLength: 4 }),
        (of, wanted) => {
          const records = of.map(({ headers, ...rest }) => ({
            ...rest,
            ...(headers === undefined || headers.length === 0 ? {} : { headers: new Map(headers) })
          }))
          const expected = records.flatMap(({ key, value, headers }, at) => {
            const texts = [...(key === undefined ? [] : [key]), value, ...[...(headers ?? [])].flat()]
            return texts.some(text => text.includes(wanted)) ? [at] : []
          })
          assert.deepEqual(passing(records, holding(wanted)), expected)
        }
      )
    )
  })

  test('finds what lies at the border of two windows of its search', () => {
    const filler = Buffer.alloc(255 * 1024, 'x')
    for (let before = 0; before < 2048; before += 61) {
      const value = Buffer.concat([
        filler,
        Buffer.alloc(before, 'y'),
        Buffer.from('wanted'),
        filler,
        Buffer.from('wante')
      ])
      assert.deepEqual(passing([{ value }, { value: filler }, { value }], holding(Buffer.from('wanted'))), [0, 2])
    }
  })

  test('lets those pass whose key is the same to the byte; an empty key is not null', () => {
    const value = Buffer.from('k')
    const keyed = (key: string) => ({ value, key: Buffer.from(key) })
    const records = [keyed('k'), keyed('kk'), keyed(''), { value }, keyed('K'), keyed('k')]
    assert.deepEqual(passing(records, withKey(Buffer.from('k'))), [0, 5])
    assert.deepEqual(passing(records, withKey(Buffer.alloc(0))), [2])
  })

  test('searches in linear time for the longest text, however hostile', () => {
    const half = 'a'.repeat(FIND_LIMIT_BYTES / 2)
    const value = Buffer.alloc(1024 * 1024, 'a')
    for (const text of [`${half}b${half.slice(1)}`, `b${half}${half.slice(1)}`, `${half}${half.slice(1)}b`]) {
      const before = process.threadCpuUsage().user
      assert.deepEqual(passing([{ value }, { value }], holding(Buffer.from(text))), [])
      // Without the limit on its length, the first one takes a second by the megabyte.
      assert.ok(process.threadCpuUsage().user - before < 400_000)
    }
  })
})
