import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { BufferPool } from '../../../src/core/lib/buffer-pool.ts'

const MEGABYTE = 1024 * 1024

function overlap(one: Buffer, other: Buffer): boolean {
  if (one.buffer !== other.buffer) return false
  return one.byteOffset < other.byteOffset + other.length && other.byteOffset < one.byteOffset + one.length
}

suite('A buffer pool', () => {
  test('hands out again what came back, whatever part of it was given', () => {
    const pool = new BufferPool(MEGABYTE)
    const first = pool.take(100_000)
    assert.ok(first.length >= 100_000)
    pool.give(first.subarray(7, 50))
    const second = pool.take(99_000)
    assert.equal(second.buffer, first.buffer)
    assert.equal(second.length, first.length)
  })

  test('never lends the same memory to two, however buffers come and go', () => {
    const step = fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 2_200_000 }))
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const pool = new BufferPool(4 * MEGABYTE)
        const lent: Buffer[] = []
        for (const [take, bytes] of steps) {
          if (take) {
            const buffer = pool.take(bytes)
            assert.ok(buffer.length >= bytes)
            assert.ok(lent.every(other => !overlap(other, buffer)))
            lent.push(buffer)
          } else {
            const [back] = lent.splice(bytes % Math.max(1, lent.length), 1)
            if (back !== undefined) pool.give(back)
          }
        }
      })
    )
  })

  test('leaves alone what is not its own, and what is back already', () => {
    const pool = new BufferPool(MEGABYTE)
    const strange = Buffer.allocUnsafeSlow(65_536)
    pool.give(strange)
    assert.notEqual(pool.take(65_536).buffer, strange.buffer)
    const own = pool.take(20_000)
    pool.give(own)
    pool.give(own)
    assert.notEqual(pool.take(20_000).buffer, pool.take(20_000).buffer)
  })

  test('a free buffer of up to twice the size serves, one that is larger is kept for those who need it', () => {
    const pool = new BufferPool(MEGABYTE)
    const buffer = pool.take(200_000)
    pool.give(buffer)
    assert.notEqual(pool.take(80_000).buffer, buffer.buffer)
    assert.equal(pool.take(130_000).buffer, buffer.buffer)
  })

  test('sizes that nobody asks for any more make room for those that are asked for', () => {
    const pool = new BufferPool(300_000)
    const old = [pool.take(100_000), pool.take(100_000)]
    for (const buffer of old) pool.give(buffer)
    const now = pool.take(20_000)
    pool.give(now)
    const large = pool.take(250_000)
    pool.give(large)
    assert.equal(pool.take(250_000).buffer, large.buffer)
    assert.equal(pool.take(20_000).buffer, now.buffer)
    assert.ok(old.every(({ buffer }) => pool.take(100_000).buffer !== buffer))
  })

  test('lets go of what nobody has needed for five seconds, and of nothing that is in use', t => {
    t.mock.timers.enable({ apis: ['setInterval'] })
    const pool = new BufferPool(MEGABYTE)
    const buffers = [pool.take(100_000), pool.take(100_000), pool.take(100_000)]
    for (const buffer of buffers) pool.give(buffer)
    const known = () => {
      const taken = buffers.map(() => pool.take(100_000))
      const count = taken.filter(({ buffer }) => buffers.some(own => own.buffer === buffer)).length
      for (const buffer of taken) pool.give(buffer)
      return count
    }
    t.mock.timers.tick(5000)
    assert.equal(known(), 3, 'all three were needed')
    t.mock.timers.tick(5000)
    for (let turn = 0; turn < 3; turn++) {
      pool.give(pool.take(100_000))
      t.mock.timers.tick(5000)
    }
    assert.equal(known(), 1, 'one was enough')
    t.mock.timers.tick(15_000)
    assert.equal(known(), 0)
  })

  test('keeps no more than its limit', () => {
    const pool = new BufferPool(100_000)
    const [one, other] = [pool.take(65_536), pool.take(65_536)]
    pool.give(one)
    pool.give(other)
    assert.equal(pool.take(65_536).buffer, one.buffer)
    assert.notEqual(pool.take(65_536).buffer, other.buffer)
  })
})
