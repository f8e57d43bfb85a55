import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { GatewayError } from '../../../src/core/errors.ts'
import { codecs, compress, decompress, type Codec } from '../../../src/kafka/records/compression.ts'

const MEGABYTE = 1024 * 1024
const compressed = codecs.filter(codec => codec !== 'none')

const mutated = (codec: Codec) =>
  fc.tuple(fc.nat(400), fc.nat(255)).map(([at, byte]) => {
    const bytes = Buffer.from(compress(codec, Buffer.alloc(3000, 'mutated text ')))
    bytes[at % bytes.length] = byte
    return bytes
  })

const isCorrupt = (error: unknown) => error instanceof GatewayError && error.code === 'CORRUPT_DATA'

test('what is compressed comes back, with every codec', () => {
  fc.assert(
    fc.property(fc.constantFrom(...codecs), fc.uint8Array({ maxLength: 2000 }), fc.nat(200), (codec, bytes, times) => {
      const source = Buffer.concat(Array.from({ length: times }, () => bytes))
      assert.ok(decompress(codec, compress(codec, source), MEGABYTE).equals(source))
    })
  )
})

test('codecs stand in the order of the bits in a batch', () => {
  assert.deepEqual(codecs, ['none', 'gzip', 'snappy', 'lz4', 'zstd'])
})

test('gzip and zstd are the formats that everybody else reads', () => {
  const source = Buffer.from('a record, a record, a record')
  assert.deepEqual(gunzipSync(compress('gzip', source)), source)
  assert.deepEqual(zstdDecompressSync(compress('zstd', source)), source)
})

test("lz4 frames have the independent blocks that Kafka's Java client insists on", () => {
  const frame = compress('lz4', Buffer.alloc(200_000, 'abc'))
  assert.equal(frame.readUInt32LE(0), 0x184d2204)
  assert.equal(frame[4] >> 6, 1, 'version')
  assert.equal((frame[4] >> 5) & 1, 1, 'independent blocks')
})

test('snappy in the framing of snappy-java is read, in one block and in several', () => {
  const header = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1])
  const parts = [Buffer.alloc(40_000, 'one '), Buffer.alloc(30_000, 'two '), Buffer.alloc(0), Buffer.from('three')]
  const blocks = parts.flatMap(part => {
    const block = compress('snappy', part)
    const length = Buffer.alloc(4)
    length.writeUInt32BE(block.length)
    return [length, block]
  })
  assert.deepEqual(decompress('snappy', Buffer.concat([header, ...blocks]), MEGABYTE), Buffer.concat(parts))
})

test('nothing grows beyond the limit', () => {
  for (const codec of compressed) {
    const bomb = compress(codec, Buffer.alloc(9 * MEGABYTE))
    assert.ok(bomb.length < MEGABYTE)
    assert.throws(() => decompress(codec, bomb, 8 * MEGABYTE), isCorrupt, codec)
  }
})

test('a length that lies is refused before memory is taken for it', () => {
  const claimed4GB = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00])
  assert.throws(() => decompress('snappy', claimed4GB, MEGABYTE), isCorrupt)
  const endless = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
  assert.throws(() => decompress('snappy', endless, MEGABYTE), isCorrupt)
})

test('input cut off anywhere is CORRUPT_DATA', () => {
  const source = Buffer.from('some text that repeats, some text that repeats, some text')
  for (const codec of compressed) {
    const whole = compress(codec, source)
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => decompress(codec, whole.subarray(0, length), MEGABYTE), isCorrupt, `${codec} at ${length}`)
    }
  }
})

test('any bytes give a result or CORRUPT_DATA, nothing else', () => {
  for (const codec of compressed) {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes)),
          mutated(codec)
        ),
        bytes => {
          try {
            assert.ok(decompress(codec, bytes, MEGABYTE).length <= MEGABYTE)
          } catch (error) {
            assert.ok(isCorrupt(error), `${codec}: ${String(error)}`)
          }
        }
      )
    )
  }
})
