import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { BodyError, type BodyFault } from '../../../src/api/shared/records/body-error.ts'
import { recordForm, recordReader, type Dialect, type Format } from '../../../src/api/v2/record-form.ts'
import { bodies, readObviously, recordsOf } from '../shared/records/support/obvious-reader.ts'
import { limits, refusal } from '../shared/records/support/texts.ts'

const dialects = ['confluent', 'strimzi'] as const
const formats = ['binary', 'json', 'text'] as const

const read = (dialect: Dialect, format: Format, body: string, inPath?: number) =>
  recordsOf(recordReader(dialect, format, inPath !== undefined).read(Buffer.from(body), limits, inPath))
const valueOf = (format: Format, json: string) =>
  read('confluent', format, `{"records":[{"value":${json}}]}`)[0].value?.toString() ?? null

function faultOf(dialect: Dialect, format: Format, body: string, inPath?: number): BodyFault | 'accepted' {
  try {
    read(dialect, format, body, inPath)
    return 'accepted'
  } catch (error) {
    assert.ok(error instanceof BodyError, String(error))
    return error.fault
  }
}

suite('A produce body of v2', () => {
  for (const dialect of dialects) {
    for (const format of formats) {
      for (const inPath of [false, true]) {
        const place = inPath ? 'the path' : 'the records'
        test(`is read as JSON.parse would have it (${dialect}, ${format}, partition in ${place})`, () => {
          const form = recordForm(dialect, format, inPath)
          const reader = recordReader(dialect, format, inPath)
          let accepted = 0
          fc.assert(
            fc.property(bodies(form), ({ records, texts }) => {
              const body = `{"records":[${texts.join(',')}]}`
              const expected = readObviously(form, records, 7)
              if (expected === null) {
                const [code] = refusal(() => reader.read(Buffer.from(body), limits, 7))
                return assert.match(code, /INVALID_BODY|INVALID_PARTITION/, body)
              }
              assert.deepEqual(recordsOf(reader.read(Buffer.from(body), limits, 7)), expected, body)
              accepted++
            }),
            { numRuns: 300 }
          )
          assert.ok(accepted > 30, `${accepted} bodies were accepted`)
        })
      }
    }
  }

  test('keeps JSON as it was sent, a string with its quotes', () => {
    assert.deepEqual(
      ['1.10', '9007199254740993', '{ "a" : 1.0 }', '"text"', '""', 'false', '0', 'null'].map(json =>
        valueOf('json', json)
      ),
      ['1.10', '9007199254740993', '{ "a" : 1.0 }', '"text"', '""', 'false', '0', null]
    )
  })

  test('takes base64 without padding, and no other character', () => {
    assert.deepEqual(
      ['"YQ=="', '"YQ"', '"\\u0059Q"', '""', 'null'].map(json => valueOf('binary', json)),
      ['a', 'a', 'a', '', null]
    )
    for (const json of ['"YQ="', '"Y Q"', '"YR"', '"_w"', '1', '{}', '"null "'])
      assert.equal(faultOf('confluent', 'binary', `{"records":[{"value":${json}}]}`), 'encoding', json)
  })

  test('has a tombstone for a missing value under Confluent; Strimzi asks for the value', () => {
    assert.equal(read('confluent', 'json', '{"records":[{}]}')[0].value, null)
    assert.equal(faultOf('strimzi', 'json', '{"records":[{"key":"k"}]}'), 'missing')
    assert.equal(read('strimzi', 'json', '{"records":[{"value":null}]}')[0].value, null)
  })

  test('may be without records under Strimzi only', () => {
    assert.deepEqual(read('strimzi', 'json', '{"records":[]}'), [])
    assert.equal(faultOf('confluent', 'json', '{"records":[]}'), 'missing')
    for (const dialect of dialects) assert.equal(faultOf(dialect, 'json', '{}'), 'missing')
  })

  test('takes members of the schema registry under Confluent, whatever they hold, and refuses others', () => {
    const schemas = '"key_schema":null,"key_schema_id":1,"value_schema":"{\\"a\\":1}","value_schema_id":{"a":[1]}'
    assert.equal(read('confluent', 'json', `{${schemas},"records":[{"value":1}]}`).length, 1)
    assert.equal(faultOf('strimzi', 'json', `{${schemas},"records":[{"value":1}]}`), 'unknown')
    for (const dialect of dialects) {
      assert.equal(faultOf(dialect, 'json', '{"foo":1,"records":[{"value":1}]}'), 'unknown')
      assert.equal(faultOf(dialect, 'json', '{"records":[{"value":1,"foo":1}]}'), 'unknown')
      assert.equal(faultOf(dialect, 'json', '{"records":[{"value":1,"headers":[{"key":"a","foo":1}]}]}'), 'unknown')
    }
  })

  test('goes to the partition in the path; a record may name another one under Confluent, not under Strimzi', () => {
    const records = '{"records":[{"value":1},{"value":2,"partition":4},{"value":3,"partition":null}]}'
    assert.deepEqual(
      read('confluent', 'json', records, 2).map(({ partition }) => partition),
      [2, 4, 2]
    )
    assert.equal(faultOf('strimzi', 'json', records, 2), 'unknown')
    assert.equal(read('strimzi', 'json', '{"records":[{"value":1}]}', 2)[0].partition, 2)
    assert.equal(read('strimzi', 'json', '{"records":[{"value":1}]}')[0].partition, -1)
  })

  test('tells record and member of a fault', () => {
    const cases: [format: Format, record: string, message: string][] = [
      ['binary', '{"value":1}', 'records[1].value must be a string of base64.'],
      ['binary', '{"value":"YQ="}', 'records[1].value is not base64 (RFC 4648, section 4).'],
      ['text', '{"key":{},"value":""}', 'records[1].key must be a string.'],
      ['text', '{"value":"\\ud800"}', 'records[1].value holds a lone surrogate, which has no form in UTF-8.'],
      ['json', '{"value":1,"timestamp":-1}', 'records[1].timestamp must be a whole number of milliseconds since 1970.'],
      [
        'json',
        '{"value":1,"headers":[{"key":"a","value":"YQ-"}]}',
        'records[1].headers[0].value is not base64 (RFC 4648, section 4).'
      ],
      [
        'json',
        '{"value":1,"foo":1}',
        "records[1] has a member 'foo', which is not known; it takes key, value, partition, timestamp, headers."
      ]
    ]
    for (const dialect of dialects) {
      for (const [format, record, message] of cases)
        assert.deepEqual(
          refusal(() => read(dialect, format, `{"records":[{"value":null},${record}]}`)),
          ['INVALID_BODY', message]
        )
    }
    assert.deepEqual(
      refusal(() => read('confluent', 'json', '{"records":[{"value":1,"partition":-1}]}')),
      ['INVALID_PARTITION', 'records[0].partition must be a whole number from 0 to 2147483647.']
    )
  })
})
