import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as kafka from '@platformatic/kafka'
import * as fc from 'fast-check'
import {
  FETCH_MAX_VERSION,
  FETCH_MIN_VERSION,
  parseFetchResponse,
  writeFetchRequest,
  type FetchPartition
} from '../../../src/kafka/fetch/fetch-message.ts'
import { plainBatch } from '../records/stored.ts'
import { TOPIC_ID } from './model-cluster.ts'
import { readRequest, writeResponse, type AnsweredPartition } from './wire.ts'

const { fetchV4, fetchV5, fetchV6, fetchV7, fetchV8, fetchV9, fetchV10 } = kafka
const { fetchV11, fetchV12, fetchV13, fetchV14, fetchV15, fetchV16, fetchV17 } = kafka
const client = new Map(
  [
    fetchV4,
    fetchV5,
    fetchV6,
    fetchV7,
    fetchV8,
    fetchV9,
    fetchV10,
    fetchV11,
    fetchV12,
    fetchV13,
    fetchV14,
    fetchV15,
    fetchV16,
    fetchV17
  ].map((api, index) => [index + 4, api])
)
const versions = fc.integer({ min: FETCH_MIN_VERSION, max: FETCH_MAX_VERSION })
const UUID = '00010203-0405-0607-0809-0a0b0c0d0e0f'

const wanted: fc.Arbitrary<FetchPartition> = fc.record({
  topic: fc.constant('orders'),
  topicId: fc.constant(TOPIC_ID),
  partition: fc.nat(1000),
  leaderEpoch: fc.integer({ min: -1, max: 100 }),
  offset: fc.nat(2 ** 40),
  maxBytes: fc.integer({ min: 1, max: 2 ** 20 }),
  isolation: fc.constant('committed' as const)
})

test('a request is what the client library writes, in every version', () => {
  fc.assert(
    fc.property(versions, fc.array(wanted, { minLength: 1, maxLength: 70 }), (version, partitions) => {
      const total = partitions.reduce((sum, { maxBytes }) => sum + maxBytes, 0)
      const topic = {
        topicId: version >= 13 ? UUID : 'orders',
        partitions: partitions.map(({ partition, leaderEpoch, offset, maxBytes }) => ({
          partition,
          currentLeaderEpoch: leaderEpoch,
          fetchOffset: BigInt(offset),
          lastFetchedEpoch: -1,
          partitionMaxBytes: maxBytes
        }))
      }
      const expected = client.get(version)?.createRequest(0, 0, total, 1, 0, -1, [topic], [], '')
      assert.deepEqual(writeFetchRequest(version, partitions), Buffer.from(expected?.buffer ?? []))
    })
  )
})

const partition = (topic: string, topicId: Buffer, number: number): FetchPartition => ({
  topic,
  topicId,
  partition: number,
  leaderEpoch: 1,
  offset: 5,
  maxBytes: 100,
  isolation: 'committed'
})

test('partitions are grouped by topic', () => {
  const other = Buffer.alloc(16, 9)
  const asked = [partition('a', TOPIC_ID, 0), partition('b', other, 0), partition('a', TOPIC_ID, 1)]
  const named = readRequest(12, writeFetchRequest(12, asked)).map(({ topic, partition: number }) => [topic, number])
  assert.deepEqual(named, [
    ['a', 0],
    ['a', 1],
    ['b', 0]
  ])
  const byId = readRequest(13, writeFetchRequest(13, asked)).map(({ topic, partition: number }) => [topic, number])
  assert.deepEqual(byId, [
    [TOPIC_ID.toString('hex'), 0],
    [TOPIC_ID.toString('hex'), 1],
    [other.toString('hex'), 0]
  ])
})

test('an answer is read in every version, unknown tagged fields skipped', () => {
  for (let version = FETCH_MIN_VERSION; version <= FETCH_MAX_VERSION; version++) {
    const topic = version >= 13 ? TOPIC_ID.toString('hex') : 'orders'
    const answers: AnsweredPartition[] = [
      {
        topic,
        partition: 3,
        errorCode: 0,
        highWatermark: 2 ** 40,
        lastStableOffset: 2 ** 40,
        startOffset: 2 ** 33,
        aborted: [{ producerId: 2n ** 60n, firstOffset: 17 }],
        preferredReadReplica: version >= 11 ? 5 : -1,
        records: plainBatch(0, 2)
      },
      {
        topic,
        partition: 0,
        errorCode: 6,
        highWatermark: -1,
        lastStableOffset: -1,
        startOffset: -1,
        aborted: [],
        preferredReadReplica: -1,
        records: Buffer.alloc(0)
      }
    ]
    const { results, errorCode, throttleTimeMs } = parseFetchResponse(
      version,
      writeResponse(version, answers, { throttleTimeMs: 5 })
    )
    const named = version >= 13 ? TOPIC_ID : 'orders'
    assert.deepEqual(
      results,
      answers.map(answer => Object.assign(answer, { topic: named }, version < 5 && { startOffset: -1 })),
      `version ${version}`
    )
    assert.deepEqual([errorCode, throttleTimeMs], [0, 5])
  }
})

test('the leader that a broker names, and its address, are read where it does not lead itself, from version 16 on', () => {
  for (let version = FETCH_MIN_VERSION; version <= FETCH_MAX_VERSION; version++) {
    const answer = {
      topic: version >= 13 ? TOPIC_ID.toString('hex') : 'orders',
      partition: 3,
      errorCode: 6,
      highWatermark: -1,
      lastStableOffset: -1,
      startOffset: -1,
      aborted: [],
      preferredReadReplica: -1,
      records: Buffer.alloc(0)
    }
    const named = { id: 7, epoch: 12 }
    const nodes = [{ id: 7, host: 'kafka-7.example', port: 9092, rack: version % 2 === 0 ? null : 'a' }]
    const hintIn = (currentLeader: typeof named) => {
      const answered = writeResponse(version, [{ ...answer, currentLeader }], { nodes })
      const { results } = parseFetchResponse(version, answered)
      return [results[0].currentLeader, results[0].nodes]
    }
    assert.deepEqual(hintIn(named), version >= 16 ? [named, nodes] : [undefined, undefined], `version ${version}`)
    assert.deepEqual(hintIn({ id: -1, epoch: -1 }), [undefined, undefined], 'the broker does not know it')
  }
})

test('the answers of these tests are what the client library reads too', () => {
  for (const [version, { parseResponse }] of client) {
    const topic = version >= 13 ? TOPIC_ID.toString('hex') : 'orders'
    const answer = {
      topic,
      partition: 3,
      errorCode: 0,
      highWatermark: 2,
      lastStableOffset: 2,
      startOffset: 0,
      aborted: [{ producerId: 7n, firstOffset: 1 }],
      preferredReadReplica: -1,
      records: plainBatch(0, 2)
    }
    const bytes = writeResponse(version, [answer])
    const parsed = parseResponse(1, 1, version, kafka.Reader.from(bytes))
    const [{ topicId, partitions }] = parsed.responses
    const [{ partitionIndex, lastStableOffset, abortedTransactions, records }] = partitions
    assert.deepEqual([topicId, partitionIndex, lastStableOffset], [version >= 13 ? UUID : 'orders', 3, 2n])
    assert.deepEqual(abortedTransactions, [{ producerId: 7n, firstOffset: 1n }])
    assert.equal(records?.[0].records.length, 2)
  }
})

test('an answer that is cut off, or counts more than it holds, throws instead of inventing partitions', () => {
  const answer = {
    topic: 'orders',
    partition: 3,
    errorCode: 0,
    highWatermark: 2,
    lastStableOffset: 2,
    startOffset: 0,
    aborted: [{ producerId: 7n, firstOffset: 1 }],
    preferredReadReplica: -1,
    records: plainBatch(0, 2)
  }
  for (const version of [4, 11, 12]) {
    const whole = writeResponse(version, [answer])
    for (let length = 0; length < whole.length - (version >= 12 ? 9 : 0); length++) {
      assert.throws(() => parseFetchResponse(version, whole.subarray(0, length)), RangeError)
    }
  }
})

test('null arrays and null records are empty', () => {
  const head = Buffer.alloc(4)
  const body = Buffer.concat([
    head,
    Buffer.from([0, 0, 0, 1, 0, 1, 0x74, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
    Buffer.alloc(16),
    Buffer.alloc(8, 0xff)
  ])
  const [{ topic, aborted, records }] = parseFetchResponse(4, body).results
  assert.deepEqual([topic, aborted, records.length], ['t', [], 0])
})
