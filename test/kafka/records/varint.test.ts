import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { VarintReader, varintSize, varlongSize, writeVarint, writeVarlong } from '../../../src/kafka/records/varint.ts'

/** The format's definition, in arithmetic that has no 32-bit corner. */
function reference(value: bigint): Buffer {
  const bytes: number[] = []
  let zigzag = value < 0n ? -2n * value - 1n : 2n * value
  for (; zigzag > 127n; zigzag /= 128n) bytes.push(Number(zigzag % 128n) + 128)
  return Buffer.from([...bytes, Number(zigzag)])
}

function readerOver(bytes: Buffer): VarintReader {
  const reader = new VarintReader()
  reader.reset(bytes, 0, bytes.length)
  return reader
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
const int53 = fc.oneof(fc.integer({ min: -(2 ** 52), max: 2 ** 52 }), fc.integer({ min: -(2 ** 34), max: 2 ** 34 }))

test('a varint is written, measured and read as the format defines it, over all of int32', () => {
  fc.assert(
    fc.property(fc.oneof(int32, fc.integer({ min: -200, max: 200 })), value => {
      const target = Buffer.alloc(10)
      const end = writeVarint(target, 0, value)
      assert.deepEqual(target.subarray(0, end), reference(BigInt(value)))
      assert.equal(varintSize(value), end)
      const reader = readerOver(target.subarray(0, end))
      assert.equal(reader.varint(), value)
      assert.deepEqual([reader.position, reader.failed], [end, false])
    })
  )
})

test('a varlong is exact beyond 2^31, where timestamps 25 days apart lie', () => {
  fc.assert(
    fc.property(fc.oneof(int53, int32), value => {
      const target = Buffer.alloc(10)
      const end = writeVarlong(target, 0, value)
      assert.deepEqual(target.subarray(0, end), reference(BigInt(value)))
      assert.equal(varlongSize(value), end)
      const reader = readerOver(target.subarray(0, end))
      assert.equal(reader.varlong(), value)
      assert.deepEqual([reader.position, reader.failed], [end, false])
    }),
    {
      examples: [
        [2 ** 31],
        [-(2 ** 31)],
        [2 ** 30],
        [-(2 ** 30) - 1],
        [2 ** 30 - 1],
        [25 * 86_400_000],
        [2 ** 52],
        [-(2 ** 52)]
      ]
    }
  )
})

test('a reader never passes its end and says so when a number does', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 14 }), fc.nat(14), fc.boolean(), (bytes, end, long) => {
      const reader = new VarintReader()
      reader.reset(Buffer.from(bytes), 0, Math.min(end, bytes.length))
      const last = bytes.subarray(0, reader.end).findIndex(byte => byte < 0x80)
      if (long) reader.varlong()
      else reader.varint()
      const whole = last >= 0 && last < (long ? 10 : 5)
      assert.equal(reader.failed, !whole)
      assert.ok(reader.position <= reader.end)
      if (whole) assert.equal(reader.position, last + 1)
    })
  )
})

test('a failure stays noted until the reader is reset', () => {
  const reader = readerOver(Buffer.from([0x80]))
  assert.equal(reader.varint(), 0)
  reader.position = 0
  reader.end = 0
  reader.varlong()
  assert.equal(reader.failed, true)
  reader.reset(Buffer.from([0x02]), 0, 1)
  assert.equal(reader.varint(), 1)
  assert.equal(reader.failed, false)
})
