import assert from 'node:assert/strict'
import { isUtf8 } from 'node:buffer'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import type { Unshown } from '../../../src/api/shared/records/page-form.ts'
import { pageWriter, type Extras, type Format } from '../../../src/api/v2/record-form.ts'
import { pageOf, stored, type Stored } from '../shared/records/support/pages.ts'

const WANTED = { binary: 'any', json: 'JSON', text: 'UTF-8' } as const
const BOTH: Extras = { timestamps: true, headers: true }

interface Page {
  readonly topic: string
  readonly partition: number
  readonly records: readonly Stored[]
}

const record = (value: Buffer | null, key: Buffer | null = null, offset = 0): Stored => ({
  key,
  value,
  offset,
  timestamp: 1,
  logAppendTime: false,
  headers: []
})

/** The slow and obvious way: JSON of the bytes, or null if the format cannot show them. */
function shown(format: Format, bytes: Buffer | null): string | null {
  if (bytes === null) return 'null'
  if (format === 'binary') return JSON.stringify(bytes.toString('base64'))
  if (!isUtf8(bytes)) return null
  if (format === 'text') return JSON.stringify(bytes.toString())
  try {
    JSON.parse(bytes.toString())
    return bytes.toString()
  } catch {
    return null
  }
}

function shownRecord(format: Format, extras: Extras, topic: string, partition: number, each: Stored): string {
  const [key, value] = [shown(format, each.key), shown(format, each.value)]
  if (key === null) return 'key'
  if (value === null) return 'value'
  const time = extras.timestamps ? `,"timestamp":${each.timestamp}` : ''
  const headers = each.headers.map(({ key, value }) => ({
    key: key.toString(),
    value: value?.toString('base64') ?? null
  }))
  const all = extras.headers && headers.length > 0 ? `,"headers":${JSON.stringify(headers)}` : ''
  return `{"topic":"${topic}","key":${key},"value":${value},"partition":${partition},"offset":${each.offset}${time}${all}}`
}

/** Every page to its end or to its first record that cannot be shown. */
function obvious(format: Format, extras: Extras, pages: readonly Page[]) {
  const texts: string[] = []
  const unshown = pages.map(({ topic, partition, records }): Unshown | undefined => {
    for (const each of records) {
      const text = shownRecord(format, extras, topic, partition, each)
      const wanted = WANTED[format]
      if ((text === 'key' || text === 'value') && wanted !== 'any')
        return { partition, offset: each.offset, member: text, wanted }
      texts.push(text)
    }
    return undefined
  })
  return { text: `[${texts.join(',')}]`, count: texts.length, unshown }
}

function written(format: Format, extras: Extras, pages: readonly Page[]) {
  const text = pageWriter(format, extras).begin()
  const unshown = pages.map(({ topic, partition, records }) => text.add(pageOf(records, partition), topic))
  return { text: text.finish().toString(), count: text.count, unshown }
}

/** JSON of all kinds, and text that is nearly JSON. */
const nearJson = fc.oneof(
  fc.json({ maxDepth: 4 }),
  fc.json({ maxDepth: 4 }).map(json => ` \n${json}\r\t `),
  fc.constantFrom('1.10', '-0', '1e999', '"\\ud800"', '{"a":1,"a":2}', '"é😀"', '[ ]', '"\u2028"'),
  fc.constantFrom(
    '',
    ' ',
    '01',
    '1.',
    '"a',
    "'a'",
    '[1,]',
    '{"a"}',
    'nul',
    'nulls',
    '1 2',
    '"\t"',
    '\ufeff1',
    '1\u0000',
    '[}',
    '"\\x"'
  ),
  fc.tuple(fc.json(), fc.nat(), fc.string({ maxLength: 2 })).map(([json, at, piece]) => {
    const position = at % (json.length + 1)
    return json.slice(0, position) + piece + json.slice(position + 1)
  })
)
const jsonBytes = fc.oneof(
  { weight: 6, arbitrary: nearJson.map(json => Buffer.from(json)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom([0x22, 0xff, 0x22], [0x22, 0xc3, 0x22], [0xff]).map(bytes => Buffer.from(bytes))
  }
)
const recordWith = (format: Format) =>
  format === 'json'
    ? fc
        .tuple(stored, fc.option(jsonBytes), fc.option(fc.constant(Buffer.from('"k"'))))
        .map(([each, value, key]) => Object.assign(each, { value, key }))
    : stored
const pages = (format: Format) =>
  fc.array(
    fc.record({
      topic: fc.constantFrom('a', 'orders.eu-1_x', 't'.repeat(249)),
      partition: fc.nat({ max: 50 }),
      records: fc.array(recordWith(format), { maxLength: 6 })
    }),
    { maxLength: 4 }
  )

suite('The records of a poll of v2', () => {
  for (const format of ['binary', 'json', 'text'] as const) {
    test(`stand as JSON.stringify would write them, up to one that cannot be shown (${format})`, () => {
      const extras = fc.record({ timestamps: fc.boolean(), headers: fc.boolean() })
      let refused = 0
      fc.assert(
        fc.property(pages(format), extras, (all, extras) => {
          const expected = obvious(format, extras, all)
          assert.deepEqual(written(format, extras, all), expected)
          refused += expected.unshown.filter(each => each !== undefined).length
        }),
        { numRuns: 600 }
      )
      assert.ok(format === 'binary' ? refused === 0 : refused > 30, `${refused} records could not be shown`)
    })
  }

  test('are an empty array if there are none', () => {
    assert.equal(written('json', BOTH, []).text, '[]')
    assert.equal(written('json', BOTH, [{ topic: 'a', partition: 0, records: [] }]).text, '[]')
  })

  test('end before a record that cannot be shown, and go on with the next page', () => {
    const json = (text: string, offset: number) => record(Buffer.from(text), null, offset)
    const all = [
      { topic: 'a', partition: 3, records: [json('{"a":1}', 7), json('{"a":', 8), json('1', 9)] },
      { topic: 'b', partition: 0, records: [json('2', 0)] }
    ]
    const { text, count, unshown } = written('json', { timestamps: false, headers: false }, all)
    assert.deepEqual(JSON.parse(text), [
      { topic: 'a', key: null, value: { a: 1 }, partition: 3, offset: 7 },
      { topic: 'b', key: null, value: 2, partition: 0, offset: 0 }
    ])
    assert.equal(count, 2)
    assert.deepEqual(unshown, [{ partition: 3, offset: 8, member: 'value', wanted: 'JSON' }, undefined])
  })

  test('show JSON that nests 10 000 deep, and nothing deeper, without a stack', () => {
    const nested = (depth: number) => Buffer.from('['.repeat(depth) + ']'.repeat(depth))
    const [fits, tooDeep] = [10_000, 10_001].map(depth => [
      { topic: 'a', partition: 0, records: [record(nested(depth))] }
    ])
    assert.equal(written('json', BOTH, fits).count, 1)
    assert.deepEqual(written('json', BOTH, tooDeep).unshown, [
      { partition: 0, offset: 0, member: 'value', wanted: 'JSON' }
    ])
    assert.equal(
      written('json', BOTH, [{ topic: 'a', partition: 0, records: [record(Buffer.alloc(1_000_000, '['))] }]).count,
      0
    )
  })

  test('hold long values as they are, whatever their size, up to their last byte', () => {
    for (let size = 250; size < 262; size++) {
      const good = Buffer.from(`"${'é'.repeat(size / 2)}${size % 2 === 0 ? '' : 'x'}"`)
      const bad = Buffer.concat([good.subarray(0, -1), Buffer.from([0xc3, 0x22])])
      const one = (value: Buffer) => written('json', BOTH, [{ topic: 'a', partition: 0, records: [record(value)] }])
      assert.deepEqual((JSON.parse(one(good).text) as { value: string }[])[0].value, JSON.parse(good.toString()))
      assert.equal(one(bad).count, 0)
    }
  })

  test('show the key of a header that is not UTF-8 with replacement characters', () => {
    const headers = [{ key: Buffer.from([0x61, 0xff]), value: Buffer.from([0xff]) }]
    const { text } = written('json', BOTH, [{ topic: 'a', partition: 0, records: [{ ...record(null), headers }] }])
    assert.deepEqual((JSON.parse(text) as { headers: unknown }[])[0].headers, [{ key: 'a\ufffd', value: '/w==' }])
  })
})
