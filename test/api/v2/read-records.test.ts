import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ReadRequest } from '../../../src/gateway/gateway.ts'
import { emptyPage, pageOf } from '../../http/support/front.ts'
import { waitUntil } from '../../http/support/wait-until.ts'
import { speaking } from './support.ts'

const PATH = '/topics/a/partitions/0/records'
const typeOf = (format: string) => `application/vnd.kafka.${format}.v2+json`

test('Accept says how a record is shown; each answer has that type', async context => {
  const { ask } = await speaking(context, 'confluent', {
    gateway: { consume: () => Promise.resolve(pageOf(Buffer.from('{"n":1.10}'))) }
  })
  const record = (value: unknown) => [{ topic: 'a', key: null, value, partition: 0, offset: 7 }]
  const cases: [string, string, unknown][] = [
    ['', typeOf('binary'), 'eyJuIjoxLjEwfQ=='],
    ['*/*', typeOf('binary'), 'eyJuIjoxLjEwfQ=='],
    [typeOf('binary'), typeOf('binary'), 'eyJuIjoxLjEwfQ=='],
    ['application/vnd.kafka.v2+json', 'application/vnd.kafka.v2+json', 'eyJuIjoxLjEwfQ=='],
    [typeOf('json'), typeOf('json'), { n: 1.1 }],
    ['application/vnd.kafka.json.v1+json', 'application/vnd.kafka.json.v1+json', { n: 1.1 }],
    ['application/json', 'application/json', { n: 1.1 }],
    [typeOf('text'), typeOf('text'), '{"n":1.10}'],
    [`${typeOf('avro')}, ${typeOf('text')};q=0.5`, typeOf('text'), '{"n":1.10}']
  ]
  for (const [accept, type, value] of cases) {
    const answer = await ask(`${PATH}?offset=7`, { accept })
    assert.deepEqual([answer.status, answer.type, answer.body], [200, type, record(value)], accept)
    assert.equal(answer.headers.get('nextoffset'), '8')
  }
  const refused = await ask(`${PATH}?offset=7`, { accept: typeOf('avro') })
  assert.deepEqual([refused.status, refused.body.error_code], [406, 406])
  assert.match(refused.body.message, /application\/vnd\.kafka\.binary\.v2\+json/)
})

test('timestamps and headers are there for Strimzi, and for Confluent if asked for', async context => {
  const page = () => Promise.resolve(pageOf(Buffer.from('1')))
  const strimzi = await speaking(context, 'strimzi', { gateway: { consume: page } })
  const accept = typeOf('json')
  const [record] = (await strimzi.ask(`${PATH}?offset=7`, { accept })).body
  assert.deepEqual(record, { topic: 'a', key: null, value: 1, partition: 0, offset: 7, timestamp: 1_700_000_000_000 })
  const confluent = await speaking(context, 'confluent', { gateway: { consume: page } })
  const [plain] = (await confluent.ask(`${PATH}?offset=7`, { accept })).body
  assert.equal('timestamp' in plain, false)
  const [asked] = (await confluent.ask(`${PATH}?offset=7&include=headers,timestamp`, { accept })).body
  assert.deepEqual(asked, record)
})

test('offset and max_bytes are passed on, the latter within what a page may hold', async context => {
  const reads: ReadRequest[] = []
  const { ask } = await speaking(context, 'confluent', {
    gateway: {
      consume(_call, read) {
        reads.push(read)
        return Promise.resolve(emptyPage(42))
      }
    }
  })
  for (const query of [
    'offset=42',
    'offset=earliest&max_bytes=1',
    'offset=latest&max_bytes=-1',
    'offset=0&max_bytes=99999999999'
  ]) {
    const answer = await ask(`${PATH}?${query}`)
    assert.deepEqual([answer.status, answer.body, answer.headers.get('nextoffset')], [200, [], '42'])
  }
  const page = 6 * 1024 * 1024
  assert.deepEqual(
    reads.map(({ from, bytes }) => [from, bytes]),
    [
      [42, page],
      ['earliest', 1],
      ['latest', page],
      [0, page]
    ]
  )
})

test('timeout is the longest wait for a first record; without it, and with none or less, the answer comes at once', async context => {
  const page = pageOf(Buffer.from('1'))
  let waits: number[] = []
  const { ask } = await speaking(context, 'strimzi', {
    gateway: {
      // There is a record once somebody has waited.
      consume: () => Promise.resolve(waits.length === 0 ? emptyPage(0) : page),
      awaitRecords(_call, _place, { deadline }) {
        waits.push(Math.ceil(deadline.remainingMs / 500) * 500)
        return Promise.resolve()
      }
    }
  })
  for (const [query, wait] of [
    ['', []],
    ['&timeout=0', []],
    ['&timeout=-1', []],
    ['&timeout=1500', [1500]],
    ['&timeout=99999999999', [60_000]]
  ] as const) {
    waits = []
    const { status, body } = await ask(`${PATH}?offset=0${query}`)
    assert.deepEqual([status, body.length, waits], [200, wait.length, wait], query)
  }
})

test('who waits for a record holds nothing of the byte budget, so that many can wait', async context => {
  const waiting: (() => void)[] = []
  let consume = emptyPage
  const { ask, budget } = await speaking(context, 'confluent', {
    gateway: {
      consume: () => Promise.resolve(consume()),
      awaitRecords: () => new Promise(resolve => waiting.push(resolve))
    }
  })
  const answers = Array.from({ length: 50 }, () => ask(`${PATH}?offset=0&timeout=60000`))
  await waitUntil(() => waiting.length === 50)
  assert.equal(budget.usedBytes, 0)
  consume = () => pageOf(Buffer.from('1'))
  for (const answer of waiting) answer()
  assert.deepEqual(
    (await Promise.all(answers)).map(({ status }) => status),
    Array.from({ length: 50 }, () => 200)
  )
})

test('a parameter that cannot be is named, and nothing is read', async context => {
  const { ask } = await speaking(context, 'confluent', {
    gateway: { consume: () => Promise.reject(new Error('read')) }
  })
  for (const [query, message] of [
    ['', /offset must be/],
    ['offset=', /offset must be/],
    ['offset=-1', /offset must be/],
    ['offset=1.5', /offset must be/],
    ['offset=9223372036854775808', /offset must be/],
    ['offset=0&max_bytes=x', /max_bytes must be/],
    ['offset=0&max_bytes=', /max_bytes must be/],
    ['offset=0&timeout=1s', /timeout must be/],
    ['offset=0&include=keys', /include takes/]
  ] as const) {
    const { status, body } = await ask(`${PATH}?${query}`)
    assert.deepEqual([status, body.error_code], [400, 400], query)
    assert.match(body.message, message)
  }
})

test('a record that the format cannot show ends the page before it; a page that begins with it is 422 and says where', async context => {
  const first = Buffer.from('1')
  const second = Buffer.from([0xff])
  const two = {
    ...pageOf(Buffer.concat([first, second])),
    count: 2,
    spans: Int32Array.of(0, 0, -1, 0, 1, -1, 0, 0, -1, 1, 1, -1),
    offsets: Float64Array.of(7, 8),
    timestamps: Float64Array.of(0, 0),
    logAppendTime: Uint8Array.of(0, 0),
    nextOffset: 9
  }
  for (const format of ['json', 'text']) {
    const { ask } = await speaking(context, 'strimzi', {
      gateway: {
        consume: (_call, { from }) =>
          Promise.resolve(from === 7 ? two : { ...pageOf(second), offsets: Float64Array.of(8) })
      }
    })
    const accept = typeOf(format)
    const page = await ask(`${PATH}?offset=7`, { accept })
    assert.deepEqual([page.status, page.body.length, page.headers.get('nextoffset')], [200, 1, '8'])
    const stuck = await ask(`${PATH}?offset=8`, { accept })
    assert.deepEqual([stuck.status, stuck.body.error_code, stuck.type], [422, 422, accept])
    assert.match(stuck.body.message, /offset 8 of partition 0 of topic 'a' is not .+ go on at offset 9/)
    assert.equal((await ask(`${PATH}?offset=8`)).status, 200)
  }
})
