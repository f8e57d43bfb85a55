import assert from 'node:assert/strict'
import { test } from 'node:test'
import { crc32c as clientCrc32c } from '@platformatic/kafka'
import * as fc from 'fast-check'
import { crc32c, portableCrc32c } from '../../../src/kafka/records/crc32c.ts'

// RFC 3720, appendix B.4, and the usual check value of the polynomial.
const vectors: readonly [Uint8Array, number][] = [
  [new Uint8Array(0), 0],
  [new Uint8Array(32), 0x8a9136aa],
  [new Uint8Array(32).fill(0xff), 0x62a8ab43],
  [Uint8Array.from({ length: 32 }, (_, index) => index), 0x46dd794e],
  [Uint8Array.from({ length: 32 }, (_, index) => 31 - index), 0x113fdb5c],
  [Buffer.from('123456789'), 0xe3069283]
]

test('known checksums come out, natively and in JavaScript', () => {
  for (const [bytes, checksum] of vectors) {
    assert.equal(crc32c(bytes), checksum)
    assert.equal(portableCrc32c(bytes), checksum)
  }
})

test('both agree with the client library on any bytes and any alignment', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(20), (bytes, from) => {
      const view = bytes.subarray(from)
      const expected = clientCrc32c(Buffer.from(view)) >>> 0
      assert.equal(portableCrc32c(view), expected)
      assert.equal(crc32c(view), expected)
    })
  )
})
