import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate as nextTick } from 'node:timers/promises'
import { Deadline } from '../../../src/core/deadline.ts'
import { RemoteParts } from '../../../src/kafka/fetch/remote-parts.ts'
import { plainBatch } from '../records/stored.ts'
import { clusterOf, range } from './cluster-of.ts'
import { leaderOf } from './model-cluster.ts'

const soon = () => Deadline.after(60_000)

/** What leaders say by partition, and which of them were asked. */
function offsetsOf(starts: readonly (number | null)[]) {
  const asked: number[] = []
  const offsets = {
    localStart(_topic: string, partition: number) {
      asked.push(partition)
      return Promise.resolve(starts[partition])
    }
  }
  return { asked, offsets }
}

suite('Remote parts', () => {
  test('are known once they were asked about, up to where the local part begins', async () => {
    const parts = new RemoteParts(offsetsOf([10, 0, null]).offsets)
    assert.equal(parts.isRemote('orders', 0, 3), false, 'not asked yet')
    assert.deepEqual(
      [
        await parts.ask('orders', 0, 9, soon()),
        await parts.ask('orders', 0, 10, soon()),
        await parts.ask('orders', 1, 0, soon()),
        await parts.ask('orders', 2, 0, soon())
      ],
      [true, false, false, undefined]
    )
    assert.deepEqual(
      [parts.isRemote('orders', 0, 9), parts.isRemote('orders', 0, 10), parts.isRemote('bills', 0, 9)],
      [true, false, false]
    )
  })

  test('are asked about in the background once a minute, however many reads were slow', async () => {
    let nowMs = 0
    const { asked, offsets } = offsetsOf([10])
    const parts = new RemoteParts(offsets, () => nowMs)
    for (const [atMs, questions] of [
      [0, 1],
      [59_999, 1],
      [60_000, 2]
    ]) {
      nowMs = atMs
      for (let read = 0; read < 100; read++) parts.suspect('orders', 0)
      await nextTick()
      assert.equal(asked.length, questions)
    }
    nowMs = 120_000
    assert.equal(parts.isRemote('orders', 0, 5), true)
    await nextTick()
    assert.equal(asked.length, 3, 'what is used is kept up to date')
  })

  test('of no more than four partitions are asked about at once, and a question that failed is not repeated at once', async () => {
    let failures = 0
    const parts = new RemoteParts({
      localStart() {
        failures++
        return Promise.reject(new Error('no answer'))
      }
    })
    for (const partition of range(0, 10)) parts.suspect('orders', partition)
    await nextTick()
    assert.equal(failures, 4)
    for (const partition of range(0, 10)) parts.suspect('orders', partition)
    await nextTick()
    assert.equal(failures, 8)
  })

  test('are remembered of ten thousand partitions', async () => {
    const parts = new RemoteParts(offsetsOf(range(0, 10_001).map(() => 10)).offsets)
    for (const partition of range(0, 10_001)) await parts.ask('orders', partition, 0, soon())
    assert.deepEqual([parts.isRemote('orders', 0, 0), parts.isRemote('orders', 1, 0)], [false, true])
  })

  test('are read over connections of their own: a slow one holds up no read of what is on the broker', async () => {
    const log = { batches: [plainBatch(0, 5), plainBatch(5, 5)], lastStableOffset: 10 }
    const leader = leaderOf(log)
    let empty = true
    const { read, channel, patient } = clusterOf({
      brokers: {
        1(asked, ...rest) {
          if (asked.offset >= 5 || !empty) return leader(asked, ...rest)
          empty = false
          return { lastStableOffset: 10 }
        }
      },
      localStart: () => 5
    })
    assert.deepEqual((await read(0, 5)).offsets, range(0, 5))
    patient(1).held = true
    const slow = read(0, 5)
    assert.deepEqual((await read(5, 5)).offsets, range(5, 10))
    patient(1).requests.at(-1)?.answer()
    assert.deepEqual((await slow).offsets, range(0, 5))
    assert.deepEqual(
      channel(1).requests.map(({ partitions }) => partitions[0].offset),
      [0, 5]
    )
  })
})
