import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmur2 as clientMurmur2 } from '@platformatic/kafka'
import * as fc from 'fast-check'
import { murmur2, partitionForKey } from '../../../src/kafka/records/murmur2.ts'

// From the tests of Kafka's Java client.
const vectors: readonly [string, number][] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107]
]

test("keys hash to what Kafka's Java client computes", () => {
  for (const [key, hash] of vectors) assert.equal(murmur2(Buffer.from(key), 0, key.length), hash)
})

test('any bytes hash as the client library hashes them, wherever they stand in a buffer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.nat(9), (key, start) => {
      const around = Buffer.concat([Buffer.alloc(start, 0xee), key, Buffer.alloc(5, 0xee)])
      assert.equal(murmur2(around, start, key.length), clientMurmur2(Buffer.from(key)) | 0)
    })
  )
})

test('the partition is the positive part of the hash, modulo the number of partitions', () => {
  for (const [key, hash] of vectors) {
    for (const count of [1, 3, 12, 1000]) {
      assert.equal(partitionForKey(Buffer.from(key), 0, key.length, count), (hash & 0x7fffffff) % count)
    }
  }
  assert.equal(partitionForKey(Buffer.from('foobar'), 0, 6, 10), (-790332482 & 0x7fffffff) % 10)
})
