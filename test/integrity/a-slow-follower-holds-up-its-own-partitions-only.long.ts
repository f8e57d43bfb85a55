import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from './support/client.ts'
import { useStand } from './support/stand.ts'

const DELAY_MS = 100
const SLOW = 3

suite('A slow follower holds up its own partitions only', () => {
  const stand = useStand({ slowFollower: SLOW })
  before(() =>
    stand.cluster.operator.createTopic('mixed', [
      [1, 2],
      [1, SLOW]
    ])
  )

  /** How long each of a client's requests took, one after the other, for one partition. */
  const timesOf = async (partition: number, durationMs: number): Promise<number[]> => {
    const client = new Client(stand.gateway)
    const times: number[] = []
    for (const end = Date.now() + durationMs; Date.now() < end; await sleep(2)) {
      const body = JSON.stringify({ records: [{ value: 'x'.repeat(100), partition }] })
      const { status, tookMs } = await client.request('POST', '/v1/producer/topics/mixed', body)
      assert.equal(status, 200)
      times.push(tookMs)
    }
    client.close()
    return times
  }
  const median = (times: readonly number[]) => times.toSorted((one, other) => one - other)[Math.floor(times.length / 2)]

  test('partitions of the same leader that do not wait for it keep their latency, as do their callers', async t => {
    await Promise.all([timesOf(0, 1500), timesOf(1, 1500)])
    const alone = median(await timesOf(0, 2000))
    for (const detour of stand.cluster.detours) detour.delay(DELAY_MS)
    await sleep(500)
    const [beside, slow] = await Promise.all([
      Promise.all([timesOf(0, 4000), timesOf(0, 4000)]),
      Promise.all(Array.from({ length: 8 }, () => timesOf(1, 4000)))
    ])
    const [fastMs, slowMs] = [median(beside.flat()), median(slow.flat())]
    t.diagnostic(
      `median of an answer: ${alone.toFixed(1)} ms without the delay; with it ${fastMs.toFixed(1)} ms, and ${slowMs.toFixed(1)} ms where the slow broker follows`
    )
    assert.ok(slowMs > DELAY_MS, 'its own partitions wait for it')
    assert.ok(fastMs < DELAY_MS / 2, 'the others do not')
  })
})
