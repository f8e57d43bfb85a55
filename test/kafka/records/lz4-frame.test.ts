import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { compress, tryDecompress } from '../../../src/kafka/records/compression.ts'
import { lz4Bound, lz4Pieces, withHeaderChecksum } from '../../../src/kafka/records/lz4-frame.ts'

const MEGABYTE = 1024 * 1024

test('the checksum of a header is the one that the codec writes, with a content size too', () => {
  for (const bytes of [0, 1, 100_000, 300_000, 2_000_000, 5_000_000]) {
    const frame = Buffer.from(compress('lz4', Buffer.alloc(bytes, 'abc')))
    const broken = Buffer.from(frame)
    broken[6] ^= 0xff
    assert.deepEqual(withHeaderChecksum(broken), frame)
  }
  // By the reference implementation: `printf 'hello hello hello' > f; lz4 --content-size f`.
  const sized = Buffer.from(
    '04224d186c401100000000000000211100008068656c6c6f2068656c6c6f2068656c6c6f00000000b1cd9b87',
    'hex'
  )
  const wrong = Buffer.from(sized)
  wrong[14] = 0
  assert.deepEqual(withHeaderChecksum(wrong), sized)
  assert.equal(tryDecompress('lz4', sized, MEGABYTE)?.toString(), 'hello hello hello')
})

test('what a frame becomes is told exactly where a rough bound does not do', () => {
  const text = fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 300 }), fc.integer({ min: 1, max: 3000 }))
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), texts => {
      const source = Buffer.concat(texts.map(([bytes, times]) => Buffer.alloc(bytes.length * times, bytes)))
      const frame = compress('lz4', source)
      assert.equal(lz4Bound(frame, 0), source.length)
      const bound = lz4Bound(frame, source.length * 2)
      assert.ok(bound >= source.length && bound <= Math.max(source.length * 2, source.length))
    }),
    { numRuns: 60 }
  )
})

test('pieces of a frame are frames, and become together what the frame becomes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3_000_000 }), fc.integer({ min: 1, max: MEGABYTE }), (bytes, pieceBytes) => {
      const source = Buffer.alloc(bytes, 'some text, ')
      const pieces = lz4Pieces(Buffer.from(compress('lz4', source)), pieceBytes)
      const contents = pieces.map(piece => tryDecompress('lz4', piece, 4 * MEGABYTE) ?? Buffer.alloc(0))
      assert.ok(Buffer.concat(contents).equals(source))
    }),
    { numRuns: 30 }
  )
})

test('a frame whose blocks need those before them stays whole', () => {
  const frame = Buffer.from(compress('lz4', Buffer.alloc(500_000, 'abc')))
  frame[4] &= ~0x20
  assert.deepEqual(lz4Pieces(frame, 1000), [frame])
})
