import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { constants, gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import * as fc from 'fast-check'
import { codecs, compress, tryDecompress, type Codec } from '../../../src/kafka/records/compression.ts'
import { CorruptRecords } from '../../../src/kafka/records/corrupt-records.ts'
import { zstdFrames } from '../../../src/kafka/records/zstd-frames.ts'
import { inPieces, skippable, type PiecedCodec } from './pieces.ts'

const MEGABYTE = 1024 * 1024
const compressed = codecs.filter(codec => codec !== 'none')

const mutated = (codec: Codec) =>
  fc.tuple(fc.nat(400), fc.nat(255)).map(([at, byte]) => {
    const bytes = Buffer.from(compress(codec, Buffer.alloc(3000, 'mutated text ')))
    bytes[at % bytes.length] = byte
    return bytes
  })

const isCorrupt = (error: unknown) => error instanceof CorruptRecords

test('what is compressed comes back, with every codec', () => {
  fc.assert(
    fc.property(fc.constantFrom(...codecs), fc.uint8Array({ maxLength: 2000 }), fc.nat(200), (codec, bytes, times) => {
      const source = Buffer.concat(Array.from({ length: times }, () => bytes))
      assert.ok(tryDecompress(codec, compress(codec, source), MEGABYTE)?.equals(source))
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

test('nothing grows beyond the limit', () => {
  for (const codec of compressed) {
    const bomb = compress(codec, Buffer.alloc(9 * MEGABYTE))
    assert.ok(bomb.length < MEGABYTE)
    assert.equal(tryDecompress(codec, bomb, 8 * MEGABYTE), undefined, codec)
  }
})

test('a length that lies is refused before memory is taken for it', () => {
  const claimed4GB = Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00])
  assert.equal(tryDecompress('snappy', claimed4GB, MEGABYTE), undefined)
  const endless = Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])
  assert.throws(() => tryDecompress('snappy', endless, MEGABYTE), isCorrupt)
})

test('input cut off anywhere is corrupt', () => {
  const source = Buffer.from('some text that repeats, some text that repeats, some text')
  for (const codec of compressed) {
    const whole = compress(codec, source)
    for (let length = 0; length < whole.length; length++) {
      assert.throws(() => tryDecompress(codec, whole.subarray(0, length), MEGABYTE), isCorrupt, `${codec} at ${length}`)
    }
  }
})

test('any bytes give a result or corrupt, nothing else', () => {
  for (const codec of compressed) {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes)),
          mutated(codec)
        ),
        bytes => {
          try {
            assert.ok((tryDecompress(codec, bytes, MEGABYTE)?.length ?? 0) <= MEGABYTE)
          } catch (error) {
            assert.ok(isCorrupt(error), `${codec}: ${String(error)}`)
          }
        }
      )
    )
  }
})

test('a stream of many pieces is one, with pieces that are empty and cuts anywhere, with every codec', () => {
  const codecsInPieces = fc.constantFrom(...(Object.keys(inPieces) as PiecedCodec[]))
  const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 6 })
  fc.assert(
    fc.property(codecsInPieces, parts, (codec, texts) => {
      const pieces = texts.map(text => Buffer.from(text))
      assert.deepEqual(tryDecompress(codec, inPieces[codec](pieces), MEGABYTE), Buffer.concat(pieces), codec)
    })
  )
})

test('pieces that fit one by one, but not together, are too large', () => {
  const megabyte = Buffer.alloc(MEGABYTE, 'text ')
  for (const codec of Object.keys(inPieces) as PiecedCodec[]) {
    const stream = inPieces[codec]([megabyte, megabyte, megabyte])
    assert.equal(tryDecompress(codec, stream, 3 * MEGABYTE - 1), undefined, codec)
    assert.equal(tryDecompress(codec, stream, 3 * MEGABYTE)?.length, 3 * MEGABYTE, codec)
  }
})

test('skippable frames of zstd hold nothing, wherever they stand, and a stream may hold nothing else', () => {
  const [one, other] = [zstdCompressSync('one, '), zstdCompressSync('other')]
  for (let kind = 0; kind < 16; kind++) {
    const skip = skippable('not a record', kind)
    for (const stream of [
      [skip, one, other],
      [one, skip, skip, other],
      [one, other, skip]
    ])
      assert.equal(tryDecompress('zstd', Buffer.concat(stream), MEGABYTE)?.toString(), 'one, other')
    assert.equal(tryDecompress('zstd', skip, MEGABYTE)?.length, 0)
  }
})

test('zstd frames are told apart with checksums, without a content size, and with every kind of block', () => {
  const random = randomBytes(300_000)
  for (const source of [Buffer.alloc(0), Buffer.alloc(400_000, 'repeats '), random, Buffer.alloc(300_000)]) {
    for (const params of [{ [constants.ZSTD_c_checksumFlag]: 1 }, { [constants.ZSTD_c_contentSizeFlag]: 0 }, {}]) {
      const frame = zstdCompressSync(source, { params })
      assert.deepEqual(zstdFrames(frame), [frame])
      const stream = Buffer.concat([frame, skippable('x'), frame])
      assert.deepEqual(tryDecompress('zstd', stream, MEGABYTE), Buffer.concat([source, source]))
    }
  }
})
