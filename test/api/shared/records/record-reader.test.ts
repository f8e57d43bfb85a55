import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import type { RecordForm } from '../../../../src/api/shared/records/record-form.ts'
import { RecordReader } from '../../../../src/api/shared/records/record-reader.ts'
import { bodies, readObviously, recordsOf } from './support/obvious-reader.ts'
import { limits, refusal } from './support/texts.ts'

/** As v3 of Confluent REST Proxy has a record, by itself; the entries of its batches have an id besides. */
const single: RecordForm = {
  records: null,
  mayBeEmpty: false,
  ignored: [],
  members: {
    id: 'ignored',
    partition_id: 'partition',
    headers: 'headers',
    key: 'key',
    value: 'value',
    timestamp: 'isoTimestamp'
  },
  keys: 'typed',
  values: 'typed',
  valueRequired: false,
  headers: { members: { name: 'key', value: 'value' }, values: 'base64' }
}
const batch: RecordForm = { ...single, records: 'entries' }

const read = (form: RecordForm, body: string) => recordsOf(new RecordReader(form).read(Buffer.from(body), limits))

suite('The reader of records', () => {
  for (const form of [single, batch]) {
    const kind = form === single ? 'a body that is one record' : 'a body with records'
    test(`reads typed keys and values as JSON.parse would have it, in ${kind}`, () => {
      let accepted = 0
      fc.assert(
        fc.property(bodies(form), ({ records, texts }) => {
          const some = form === single ? records.slice(0, 1) : records
          const body = form === single ? texts[0] : `{"entries":[${texts.join(',')}]}`
          const expected = readObviously(form, some, -1)
          if (expected === null)
            return assert.match(refusal(() => read(form, body))[0], /INVALID_BODY|INVALID_PARTITION/, body)
          assert.deepEqual(read(form, body), expected, body)
          accepted++
        }),
        { numRuns: 500 }
      )
      assert.ok(accepted > 50, `${accepted} bodies were accepted`)
    })
  }

  test('takes the type behind the data', () => {
    const values = [
      ['"YQ"', 'BINARY'],
      ['"YQ"', 'STRING'],
      ['"YQ"', 'JSON'],
      ['{"a": 1.10}', 'JSON'],
      ['null', 'STRING']
    ].map(([data, type]) => read(single, `{"value":{"data":${data},"type":"${type}"}}`)[0].value?.toString() ?? null)
    assert.deepEqual(values, ['a', 'YQ', '"YQ"', '{"a": 1.10}', null])
  })

  test('reads an empty record as a tombstone without a key', () => {
    assert.deepEqual(read(single, '{}'), [{ key: null, value: null, partition: -1, timestamp: null, headers: [] }])
  })

  test('tells the member of a fault', () => {
    const cases: [record: string, message: string][] = [
      ['{"value":1}', 'value must be an object of type and data.'],
      ['{"key":{"data":1}}', 'key has no type.'],
      ['{"key":{"type":"HEX"}}', 'key.type must be one of BINARY, JSON, STRING.'],
      ['{"value":{"type":"BINARY","data":1}}', 'value.data must be a string, as type says BINARY.'],
      ['{"value":{"type":"BINARY","data":"!"}}', 'value.data is not base64 (RFC 4648, section 4).'],
      ['{"value":{"type":"JSON","schema":1}}', "value has a member 'schema', which is not known; it takes type, data."],
      ['{"headers":[{"value":"YQ"}]}', 'headers[0] has no name.'],
      ['{"headers":1}', 'headers must be an array.'],
      [
        '{"x":1}',
        "The record has a member 'x', which is not known; it takes id, partition_id, headers, key, value, timestamp."
      ],
      [
        '{"timestamp":"yesterday"}',
        'timestamp must be a time since 1970 as RFC 3339 has it, such as 2026-01-31T12:00:00Z.'
      ]
    ]
    for (const [record, message] of cases)
      assert.deepEqual(
        refusal(() => read(single, record)),
        ['INVALID_BODY', message]
      )
    assert.deepEqual(
      refusal(() => read(batch, '{"entries":[{},{"value":1}]}')),
      ['INVALID_BODY', 'entries[1].value must be an object of type and data.']
    )
    assert.deepEqual(
      refusal(() => read(single, '[]')),
      ['INVALID_BODY', 'The body must be an object.']
    )
  })

  test('counts the containers around a value to the limit of depth', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
    const code = (form: RecordForm, body: string) =>
      refusal(() => new RecordReader(form).read(Buffer.from(body), { ...limits, jsonDepth: 10 }))[0]
    const typed = (depth: number) => `{"value":{"type":"JSON","data":${nested(depth)}}}`
    assert.deepEqual([code(single, typed(8)), code(single, typed(9))], ['accepted', 'MALFORMED_JSON'])
    const inBatch = (depth: number) => `{"entries":[${typed(depth)}]}`
    assert.deepEqual([code(batch, inBatch(6)), code(batch, inBatch(7))], ['accepted', 'MALFORMED_JSON'])
  })
})
