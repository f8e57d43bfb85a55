import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { bodyCursor } from '../../../../src/api/shared/records/body-cursor.ts'
import { HeaderCollector } from '../../../../src/api/shared/records/header-collector.ts'
import { headerPlan, readHeaders } from '../../../../src/api/shared/records/record-headers.ts'
import { HEADER_STRIDE } from '../../../../src/core/record-table.ts'
import { forms, jsonObject, jsonString, refusal, text } from './support/texts.ts'

const plan = headerPlan({
  members: { key: 'key', value: 'value', key_encoding: 'keyEncoding', value_encoding: 'valueEncoding' },
  values: 'text'
})

/** Key and value of each, as the spans say where they stand. */
function read(json: string) {
  const cursor = bodyCursor(Buffer.from(json), 512)
  const headers = new HeaderCollector()
  readHeaders(cursor, plan, { path: () => 'records[7]' }, headers)
  const { spans } = headers.finish(1)
  const part = (at: number) =>
    spans[at + 1] < 0 ? null : Buffer.from(cursor.bytes.subarray(spans[at], spans[at] + spans[at + 1]))
  return Array.from({ length: headers.count }, (_, header) => ({
    key: part(header * HEADER_STRIDE),
    value: part(header * HEADER_STRIDE + 2)
  }))
}

const value = fc.oneof(
  fc
    .tuple(text, forms)
    .map(([value, forms]) => ({ bytes: Buffer.from(value), json: jsonString(value, forms), encoding: 'null' })),
  fc.tuple(fc.uint8Array(), forms).map(([array, forms]) => {
    const bytes = Buffer.from(array)
    return { bytes, json: jsonString(bytes.toString('base64'), forms), encoding: jsonString('base64', forms) }
  }),
  fc.constantFrom('null', '"base64"').map(encoding => ({ bytes: null, json: 'null', encoding }))
)
const key = value.filter((each): each is typeof each & { bytes: Buffer } => each.bytes !== null)
const header = fc.tuple(key, value).chain(([key, value]) =>
  jsonObject([
    ['key', key.json],
    ['key_encoding', key.encoding],
    ['value', value.json],
    ['value_encoding', value.encoding]
  ]).map(json => ({ json, header: { key: key.bytes, value: value.bytes } }))
)

suite('The headers of a record', () => {
  test('are read whatever their order, white space and escapes', () => {
    fc.assert(
      fc.property(fc.array(header, { maxLength: 5 }), headers => {
        const actual = read(`[${headers.map(({ json }) => json).join(',')}]`)
        assert.deepEqual(
          actual,
          headers.map(({ header }) => header)
        )
      }),
      { numRuns: 500 }
    )
  })

  test('may lack a value, not a key', () => {
    assert.deepEqual(read('[{"key":""}]'), [{ key: Buffer.alloc(0), value: null }])
    assert.deepEqual(
      refusal(() => read('[{"key":"a"},{"value":"b"}]')),
      ['INVALID_BODY', 'records[7].headers[1] has no key.']
    )
  })

  test('are refused with their place', () => {
    const cases: [json: string, message: string][] = [
      ['{}', 'records[7].headers must be an array.'],
      ['[1]', 'records[7].headers[0] must be an object.'],
      ['[{"key":null}]', 'records[7].headers[0].key must be a string.'],
      ['[{"key":"a","value":1}]', 'records[7].headers[0].value must be a string.'],
      [
        '[{"key":"a","value_encoding":"hex"}]',
        'records[7].headers[0].value_encoding must be "base64" where it is given.'
      ],
      ['[{"key":"\\udc00"}]', 'records[7].headers[0].key holds a lone surrogate, which has no form in UTF-8.'],
      ['[{"key":"a","key":"b"}]', "records[7].headers[0] has the member 'key' twice."],
      [
        '[{"key":"a"},{"key":"b","x":1}]',
        "records[7].headers[1] has a member 'x', which is not known; it takes key, value, key_encoding, value_encoding."
      ],
      [
        '[{"key":"_w==","key_encoding":"base64"}]',
        'records[7].headers[0].key is not base64 (RFC 4648, section 4, with padding).'
      ],
      [
        '[{"key":"a","value":"YQ","value_encoding":"base64"}]',
        'records[7].headers[0].value is not base64 (RFC 4648, section 4, with padding).'
      ]
    ]
    for (const [json, message] of cases)
      assert.deepEqual(
        refusal(() => read(json)),
        ['INVALID_BODY', message]
      )
  })
})
