import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { partitionNumber, topicName } from '../../../src/api/shared/parameters.ts'
import {
  encoding,
  followFrom,
  partitionNumbers,
  recordCount,
  startOffset,
  timestampMs,
  waitMs
} from '../../../src/api/v1/parameters.ts'
import { parseProduceBody } from '../../../src/api/v1/record-form.ts'
import { requireJava, sentBytes, stopOf, textToFind } from '../../../src/api/v1/selection.ts'
import { parseTopicBody } from '../../../src/api/v1/topic-body.ts'
import { apiDescription, differences, resolved } from '../../support/description.ts'

/** The readers of requests are written by hand; what the description says of requests must be what they do. */

const limits = { jsonDepth: 512, recordsPerRequest: 1000 }
const schemaOf = (name: string) => ({ $ref: `#/components/schemas/${name}` })
const accepts = (read: () => unknown): boolean => {
  try {
    read()
    return true
  } catch {
    return false
  }
}

const anything = fc.oneof(
  fc.constantFrom(
    null,
    true,
    '',
    'base64',
    '/wA=',
    '/wB=',
    'AA==',
    'AB==',
    'QUJD',
    'A',
    ' ',
    '-1',
    [],
    {},
    'QUJD\n',
    '_w=='
  ),
  fc.constantFrom(0, -1, 1, 1.5, 32_767, 32_768, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, -0.5, 1e300),
  fc.jsonValue({ maxDepth: 2 })
)
const USUALLY_THERE = { good: 30, absent: 1 }
const OFTEN_THERE = { good: 30, absent: 15 }
const HARDLY_THERE = { good: 1, absent: 60 }
const presenceOf = (name: string) => (['records', 'value'].includes(name) ? USUALLY_THERE : OFTEN_THERE)

const member = (good: fc.Arbitrary<unknown>, weights = OFTEN_THERE) =>
  fc.oneof(
    { weight: weights.good, arbitrary: good },
    { weight: weights.absent, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: anything }
  )
/** Members with what they may be, what they may not be, or not there at all; now and then one that nobody knows. */
const object = (members: Record<string, fc.Arbitrary<unknown>>) => {
  const known = Object.entries(members).map(([name, good]) => [name, member(good, presenceOf(name))] as const)
  return fc
    .record({ ...Object.fromEntries(known), unknown: member(fc.constant(1), HARDLY_THERE) })
    .map(value => JSON.parse(JSON.stringify(value)) as unknown)
}
const base64 = fc.constantFrom('base64', null)
const text = fc.constantFrom('', '/wA=', 'QUJD', 'QQ==', 'text', null)
const header = object({ key: fc.string(), value: text, value_encoding: base64 })
const record = object({
  key: fc.oneof(text, fc.jsonValue()),
  value: fc.oneof(text, fc.jsonValue()),
  partition: fc.constantFrom(0, 1, 2 ** 31 - 1, null),
  headers: fc.oneof(fc.constant(null), fc.array(header, { maxLength: 2 })),
  timestamp: fc.constantFrom(0, 1_700_000_000_000, 2 ** 53 - 1, null),
  key_encoding: base64,
  value_encoding: base64
})

function agree(name: string, values: fc.Arbitrary<unknown>, read: (body: Buffer) => unknown): void {
  const seen = { accepted: 0, refused: 0 }
  fc.assert(
    fc.property(values, value => {
      const json = JSON.stringify(value)
      const described = differences(schemaOf(name), value)
      const accepted = accepts(() => read(Buffer.from(json)))
      seen[accepted ? 'accepted' : 'refused']++
      assert.equal(accepted, described.length === 0, `${json}: ${described.join('; ')}`)
    }),
    { numRuns: 3000 }
  )
  assert.ok(seen.accepted > 100 && seen.refused > 100, JSON.stringify(seen))
}

test('a produce request is accepted exactly where it is as described', () => {
  const bodies = fc.oneof(
    { weight: 20, arbitrary: object({ records: fc.array(record, { minLength: 1, maxLength: 2 }) }) },
    { weight: 1, arbitrary: anything }
  )
  agree('ProduceRequest', bodies, body => parseProduceBody(body, limits))
})

test('the body of a create request is accepted exactly where it is as described', () => {
  const property = fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom('1', 1, true, null) },
    { weight: 1, arbitrary: anything }
  )
  const bodies = fc.oneof(
    {
      weight: 20,
      arbitrary: object({
        partition_count: fc.constantFrom(1, 2 ** 31 - 1, null),
        replication_factor: fc.constantFrom(1, 32_767, null),
        topic_properties: fc.oneof(fc.constant(null), fc.dictionary(fc.string(), property, { maxKeys: 3 }))
      })
    },
    { weight: 1, arbitrary: anything }
  )
  agree('TopicSpec', bodies, body => parseTopicBody(body, limits))
  for (const size of [200, 201]) {
    const topic_properties = Object.fromEntries(Array.from({ length: size }, (_, at) => [`p${at}`, 1]))
    const accepted = accepts(() => parseTopicBody(Buffer.from(JSON.stringify({ topic_properties })), limits))
    assert.equal(accepted, differences(schemaOf('TopicSpec'), { topic_properties }).length === 0)
    assert.equal(accepted, size === 200)
  }
})

test('parameters are accepted exactly where they are as described', () => {
  const parameters = Object.values(apiDescription.paths).flatMap(methods =>
    Object.values(methods)
      .flatMap(operation => operation.parameters.map(each => resolved(each)))
      .filter(each => each.in !== 'header')
  )
  const readers: Record<string, (text: string) => unknown> = {
    topic: value => void topicName(value),
    partition: partitionNumber,
    offset: startOffset,
    count: value => recordCount(value),
    key: value => value,
    timestamp: timestampMs,
    from: followFrom,
    partitions: partitionNumbers,
    wait: value => waitMs(value, 86_400_000),
    key_encoding: value => encoding(value, 'key_encoding'),
    value_encoding: value => encoding(value, 'value_encoding'),
    until: stopOf,
    find: textToFind,
    value_bytes: value => sentBytes(value, 'value_bytes'),
    key_bytes: value => sentBytes(value, 'key_bytes'),
    partitioner: requireJava
  }
  assert.deepEqual(new Set(parameters.map(({ name }) => name)), new Set(Object.keys(readers)))
  const numbers = ['0', '1', '-1', '1.5', '2147483647', '2147483648', '9007199254740991', '9007199254740992', '1e3']
  const texts = [
    '',
    'a',
    'earliest',
    'latest',
    'Latest',
    '-x',
    '@0',
    '@-1',
    '@2026-11-29T10:00:00Z',
    '@x',
    '0:1,1:latest',
    'Zk3v9aQx;0:42',
    '0:1,',
    '0,1',
    '0,',
    'base64',
    'x/y',
    '.',
    '..',
    '...',
    'é',
    'a'.repeat(249),
    'a'.repeat(250),
    'a'.repeat(251),
    '😀'.repeat(62),
    'é'.repeat(63),
    'java'
  ]
  for (const { name, schema } of parameters) {
    for (const value of [...numbers, ...texts]) {
      const asNumber = /^-?\d+(\.\d+)?$/.test(value) ? [Number(value)] : []
      const described = [value, ...asNumber].some(each => differences(schema, each).length === 0)
      assert.equal(
        accepts(() => readers[name](value)),
        described,
        `${name}=${value}`
      )
    }
  }
})
