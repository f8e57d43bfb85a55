import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { RecordReader } from '../../../src/kafka/records/record-reader.ts'

type Fields = Record<Exclude<keyof RecordReader, 'read'>, number>

/** Beyond ±2^52 a difference of two timestamps is rounded, which nobody minds. */
const exact = (delta: number): number => (Math.abs(delta) <= 2 ** 52 ? delta : Infinity)

/** The obvious way: a varint is taken byte by byte, and whatever lies outside the bytes is no record. Null where it is none. */
function readPlainly(bytes: Buffer, start: number): Fields | null {
  let position = start
  let bound = bytes.length
  const varint = (bits: number): number => {
    let zigzag = 0n
    for (let shift = 0n; ; shift += 7n) {
      if (position >= bound || shift >= bits) throw new RangeError('no varint')
      const byte = bytes[position++]
      zigzag |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) break
    }
    if (bits === 35) zigzag = BigInt.asUintN(32, zigzag)
    return Number((zigzag >> 1n) ^ -(zigzag & 1n))
  }
  const skip = (length: number, least: number): number => {
    if (length < least) throw new RangeError('no length')
    const at = position
    position += Math.max(0, length)
    if (position > bound) throw new RangeError('beyond the end')
    return at
  }
  try {
    const length = varint(35)
    const end = position + length
    if (length < 1 || end > bytes.length) return null
    bound = end
    position++
    const [timestampDelta, offsetDelta, keyLength] = [varint(70), varint(35), varint(35)]
    const keyStart = skip(keyLength, -1)
    const valueLength = varint(35)
    const valueStart = skip(valueLength, -1)
    const headersStart = position
    const headerCount = varint(35)
    if (headerCount < 0) return null
    for (let header = 0; header < headerCount; header++) {
      skip(varint(35), 0)
      skip(varint(35), -1)
    }
    if (position !== end) return null
    const spans = { keyStart, keyLength, valueStart, valueLength, headersStart, headerCount }
    return { timestampDelta: exact(timestampDelta), offsetDelta, ...spans, end }
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function varint(value: number): Buffer {
  let zigzag = value < 0 ? BigInt(value) * -2n - 1n : BigInt(value) * 2n
  const bytes: number[] = []
  for (; zigzag > 0x7fn; zigzag >>= 7n) bytes.push(Number(zigzag & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(zigzag)])
}

/** Null, or so many bytes; as many as lie on either side of a varint of another size. */
const text = fc
  .option(fc.oneof(fc.nat(80), fc.constantFrom(63, 64, 8191, 8192)), { freq: 8 })
  .map(length => (length === null ? null : Buffer.alloc(length, 0xa5)))
const sized = (bytes: Buffer | null) => (bytes === null ? [varint(-1)] : [varint(bytes.length), bytes])
const delta = fc.oneof(fc.nat(200), fc.integer({ min: -9000, max: 9000 }), fc.integer())
const record = fc
  .record({
    timestampDelta: fc.oneof(delta, fc.integer({ min: -(2 ** 45), max: 2 ** 45 })),
    offsetDelta: delta,
    key: text,
    value: text,
    headers: fc.array(fc.tuple(fc.nat(70), text), { maxLength: 3 })
  })
  .map(({ timestampDelta, offsetDelta, key, value, headers }) => {
    const fields = [Buffer.of(0), varint(timestampDelta), varint(offsetDelta), ...sized(key), ...sized(value)]
    const pairs = headers.flatMap(([length, of]) => [...sized(Buffer.alloc(length, 0x6b)), ...sized(of)])
    const body = Buffer.concat([...fields, varint(headers.length), ...pairs])
    return Buffer.concat([varint(body.length), body])
  })

const reader = new RecordReader()

function readAt(bytes: Buffer, start: number): Fields | null {
  if (!reader.read(bytes, start)) return null
  const { timestampDelta, offsetDelta, keyStart, keyLength, valueStart, valueLength, headersStart, headerCount, end } =
    reader
  const spans = { keyStart, keyLength, valueStart, valueLength, headersStart, headerCount }
  return { timestampDelta: exact(timestampDelta), offsetDelta, ...spans, end }
}

suite('A record', () => {
  test('is read as the obvious way reads it, whatever follows and goes before', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5 }), record, fc.uint8Array({ maxLength: 5 }), (before, one, behind) => {
        const bytes = Buffer.concat([before, one, behind])
        const found = readPlainly(bytes, before.length)
        assert.equal(found?.end, before.length + one.length)
        assert.deepEqual(readAt(bytes, before.length), found)
      }),
      { numRuns: 3000 }
    )
  })

  test('is none where a byte is wrong or missing, unless the obvious way takes it too', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.nat(255), fc.nat(3), (one, at, byte, cut) => {
        const bytes = Buffer.from(one)
        bytes[at % Math.min(bytes.length, 24)] = byte
        const part = bytes.subarray(0, bytes.length - cut)
        assert.deepEqual(readAt(part, 0), readPlainly(part, 0))
      }),
      { numRuns: 10_000 }
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(20), (array, start) => {
        const bytes = Buffer.from(array)
        assert.deepEqual(readAt(bytes, start), readPlainly(bytes, start))
      }),
      { numRuns: 10_000 }
    )
  })
})
