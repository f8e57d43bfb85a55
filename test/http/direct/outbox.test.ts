import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Outbox } from '../../../src/http/direct/outbox.ts'

/** Answers by number, and which of them were written, in their order. */
function outbox(): { written: number[]; finish: (from: number, to: number) => void } {
  const box = new Outbox()
  const written: number[] = []
  return {
    written,
    finish(from, to) {
      for (let number = from; number < to; number++) box.add({ write: () => void written.push(number) })
    }
  }
}

const range = (to: number) => Array.from({ length: to }, (_, number) => number)

suite('The outbox', () => {
  test('writes what was finished in a turn at its end, in the order in which it was finished', async () => {
    const { written, finish } = outbox()
    finish(0, 3)
    await Promise.resolve()
    finish(3, 5)
    assert.deepEqual(written, [])
    await nextTurn()
    assert.deepEqual(written, range(5))
    finish(5, 6)
    await nextTurn()
    assert.deepEqual(written, range(6))
  })

  test('writes at once when 32 wait, and each answer once', async () => {
    const { written, finish } = outbox()
    finish(0, 31)
    assert.deepEqual(written, [])
    finish(31, 33)
    assert.deepEqual(written, range(32))
    await nextTurn()
    assert.deepEqual(written, range(33))
    finish(33, 34)
    await nextTurn()
    assert.deepEqual(written, range(34))
  })
})
