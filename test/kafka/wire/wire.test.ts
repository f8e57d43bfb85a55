import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { WireReader } from '../../../src/kafka/wire/wire-reader.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'

const field = fc.oneof(
  fc.record({ type: fc.constant('int8' as const), value: fc.integer({ min: -128, max: 127 }) }),
  fc.record({ type: fc.constant('int16' as const), value: fc.integer({ min: -32_768, max: 32_767 }) }),
  fc.record({ type: fc.constant('int32' as const), value: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }) }),
  fc.record({ type: fc.constant('uvarint' as const), value: fc.integer({ min: 0, max: 2 ** 31 - 1 }) }),
  fc.record({
    type: fc.constant('string' as const),
    value: fc.option(fc.string({ maxLength: 300, unit: 'grapheme' }))
  }),
  fc.record({
    type: fc.constant('bytes' as const),
    value: fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))
  }),
  fc.record({ type: fc.constant('int64' as const), value: fc.maxSafeInteger() }),
  fc.record({ type: fc.constant('arrayLength' as const), value: fc.integer({ min: -1, max: 1000 }) })
)

suite('The wire format', () => {
  for (const flexible of [false, true]) {
    test(`has no string that Kafka could not read (flexible: ${flexible})`, () => {
      const longest = 'ä'.repeat(16_383)
      assert.ok(new WireWriter(flexible).string(longest).finish().length > 32_766)
      assert.throws(() => new WireWriter(flexible).string(`${longest}ä`), RangeError)
    })

    test(`refers to bytes where it would copy them, with the same outcome (flexible: ${flexible})`, () => {
      const parts = fc.array(
        fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes)),
        { maxLength: 10 }
      )
      fc.assert(
        fc.property(parts, fc.integer({ min: 1, max: 16 }), (buffers, capacityBytes) => {
          const copying = new WireWriter(flexible, capacityBytes).int16(7)
          const referring = new WireWriter(flexible, capacityBytes).int16(7)
          for (const [number, bytes] of buffers.entries()) {
            copying.int32(number).bytes(bytes)
            referring.int32(number).reference(bytes)
          }
          const pieces = referring.noTags().finishParts()
          assert.deepEqual(Buffer.concat(pieces), copying.noTags().finish())
          for (const bytes of buffers) assert.ok(pieces.includes(bytes))
        })
      )
    })

    test(`reads back what it wrote, however small the buffer it began with (flexible: ${flexible})`, () => {
      fc.assert(
        fc.property(fc.array(field, { maxLength: 40 }), fc.integer({ min: 1, max: 16 }), (fields, capacityBytes) => {
          const writer = new WireWriter(flexible, capacityBytes)
          for (const each of fields) {
            if (each.type === 'int64') writer.int64(BigInt(each.value))
            else if (each.type === 'string') writer.string(each.value)
            else if (each.type === 'bytes') writer.bytes(each.value)
            else writer[each.type](each.value)
            writer.noTags()
          }
          const reader = new WireReader(writer.finish(), flexible)
          for (const { type, value } of fields) {
            assert.deepEqual(reader[type](), value)
            reader.skipTags()
          }
          assert.equal(reader.position, reader.buffer.length)
        })
      )
    })
  }

  test('an answer that ends early is a RangeError, not a wrong value', () => {
    const whole = new WireWriter(true).string('partition').int32(7).finish()
    for (let end = 0; end < whole.length; end++) {
      assert.throws(() => {
        const reader = new WireReader(whole.subarray(0, end), true)
        reader.string()
        reader.int32()
      }, RangeError)
    }
  })
})
