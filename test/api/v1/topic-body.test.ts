import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { parseTopicBody } from '../../../src/api/v1/topic-body.ts'
import { forms, jsonObject, jsonString, limits, refusal, text } from '../shared/records/support/texts.ts'

const parse = (body: string) => parseTopicBody(Buffer.from(body), limits)
const refused = (body: string) => refusal(() => parse(body))

/** A property's JSON and what Kafka is to get; null: nothing. */
const property: fc.Arbitrary<readonly [json: string, value: string | null]> = fc.oneof(
  fc.tuple(text, forms).map(([value, forms]) => [jsonString(value, forms), value] as const),
  fc
    .constantFrom('604800000', '1.50', '-1', '1e3', '9007199254740993', 'true', 'false')
    .map(json => [json, json] as const),
  fc.constant(['null', null] as const)
)
const properties = fc.uniqueArray(fc.tuple(text, forms, property), { selector: ([name]) => name, maxLength: 6 })
const count = (max: number) => fc.option(fc.integer({ min: 1, max }))

suite('The body of a create request', () => {
  test('is read whatever its order, white space and escapes', () => {
    const body = fc
      .tuple(count(2_147_483_647), count(32_767), fc.option(properties))
      .chain(([partitions, replicas, properties]) => {
        const members = (properties ?? []).map(([name, forms, [json]]) => `${jsonString(name, forms)}:${json}`)
        return jsonObject([
          ['partition_count', String(partitions)],
          ['replication_factor', String(replicas)],
          ['topic_properties', properties === null ? 'null' : `{${members.join(' ,')}}`]
        ]).map(json => ({ json, partitions, replicas, properties }))
      })
    fc.assert(
      fc.property(body, ({ json, partitions, replicas, properties }) => {
        const entries = (properties ?? []).flatMap(([name, , [, value]]) =>
          value === null ? [] : [[name, value] as const]
        )
        assert.deepEqual(parse(json), {
          partitionCount: partitions,
          replicationFactor: replicas,
          properties: new Map(entries)
        })
      }),
      { numRuns: 500 }
    )
  })

  test('may be empty, or an empty object', () => {
    const nothing = { partitionCount: null, replicationFactor: null, properties: new Map() }
    assert.deepEqual([parse(''), parse('{}')], [nothing, nothing])
  })

  test('is refused with a word on the member at fault', () => {
    const cases: [body: string, code: string, message: RegExp][] = [
      [' ', 'MALFORMED_JSON', /ends at byte 1/],
      ['[]', 'INVALID_BODY', /^The body must be an object/],
      ['{"partition_count":0}', 'INVALID_BODY', /^partition_count must be a whole number from 1 to 2147483647/],
      ['{"partition_count":1.5}', 'INVALID_BODY', /^partition_count/],
      ['{"partition_count":"1"}', 'INVALID_BODY', /^partition_count/],
      [
        `{"topic_properties":{"a":"${'ä'.repeat(16_384)}"}}`,
        'INVALID_BODY',
        /^topic_properties\.a is longer than 32767 b/
      ],
      [`{"topic_properties":{"a":${'1'.repeat(32_768)}}}`, 'INVALID_BODY', /^topic_properties\.a is longer than 32767/],
      [`{"topic_properties":{"${'a'.repeat(32_768)}":1}}`, 'INVALID_BODY', /^A name in topic_properties is longer/],
      ['{"replication_factor":32768}', 'INVALID_BODY', /^replication_factor must be a whole number from 1 to 32767/],
      ['{"partitions":1}', 'INVALID_BODY', /member 'partitions', which is not known/],
      ['{"partition_count":1,"partition_count":1}', 'INVALID_BODY', /'partition_count' twice/],
      ['{"topic_properties":[]}', 'INVALID_BODY', /^topic_properties must be an object/],
      [
        '{"topic_properties":{"a":[1]}}',
        'INVALID_BODY',
        /^topic_properties\.a must be a string, a number or a boolean/
      ],
      ['{"topic_properties":{"a":"\\ud800"}}', 'INVALID_BODY', /^topic_properties\.a holds a lone surrogate/],
      ['{"topic_properties":{"a":null,"\\u0061":1}}', 'INVALID_BODY', /'a' twice/],
      ['{"topic_properties":{"a":01}}', 'MALFORMED_JSON', /byte 26/],
      ['{"partition_count":1}}', 'MALFORMED_JSON', /byte 21/]
    ]
    for (const [body, code, message] of cases) {
      const [actual, words] = refused(body)
      assert.equal(actual, code, body)
      assert.match(words, message)
    }
  })

  test('has at most 200 properties, and a long name is not sent back', () => {
    const many = (size: number) =>
      `{"topic_properties":{${Array.from({ length: size }, (_, at) => `"p${at}":1`).join(',')}}}`
    assert.equal(parse(many(200)).properties.size, 200)
    assert.deepEqual(refused(many(201)), ['INVALID_BODY', 'topic_properties has more than 200 members.'])
    assert.ok(refused(`{"topic_properties":{"${'p'.repeat(100_000)}":[]}}`)[1].length < 150)
  })
})
