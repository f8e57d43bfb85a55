import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { minutes } from './support/minutes.ts'
import { Reader } from './support/readers.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

/** Over which Kafka takes the rate; shorter than its usual 11, so that the test is. */
const WINDOW_S = 4
const CLIENT_ID = 'kafka-rest-proxy'
/** Of each broker. */
const PRODUCER_BYTES_PER_SECOND = 40_000
const CONSUMER_BYTES_PER_SECOND = 100_000
const PADDING = '-'.repeat(200)
/** Of a record on its way to Kafka. */
const RECORD_BYTES = 220
const QUICK = [{ keyed: true, recordsPerRequest: 1 }]

suite('A quota slows and costs no record', () => {
  const stand = useStand({ properties: { 'quota.window.num': String(WINDOW_S) } })

  test('a throttled writer is slowed to the rate, no request fails, and partitions of other brokers are left alone', async t => {
    const { operator } = stand.cluster
    await operator.createTopic('slowed', [[1, 2, 3]])
    await operator.createTopic('alone', [[2, 3, 1]])
    const loaded = new Trial({ ...stand, topic: 'slowed', read: [0], padding: PADDING })
    const perSecond = async (forMs: number) => {
      const before = loaded.writers.acknowledged
      await sleep(forMs)
      return ((loaded.writers.acknowledged - before) * 1000) / forMs
    }
    const free = await perSecond(2000)
    await operator.quota(CLIENT_ID, 'producer_byte_rate', PRODUCER_BYTES_PER_SECOND)
    // What was sent before counts in Kafka's window.
    await sleep(1500 * WINDOW_S)
    const alone = new Trial({ ...stand, topic: 'alone', count: 2, kinds: QUICK, pauseMs: 20 })
    const throttled = await perSecond(Math.max(6000, minutes() * 60_000))
    await alone.writers.stop()
    await operator.quota(CLIENT_ID, 'producer_byte_rate', -1)
    await sleep(1000 * WINDOW_S)
    const freed = await perSecond(2000)
    t.diagnostic(
      `records a second: ${Math.round(free)}, throttled ${Math.round(throttled)}, freed ${Math.round(freed)}`
    )
    assert.ok(throttled < (2 * PRODUCER_BYTES_PER_SECOND) / RECORD_BYTES, `${throttled} records a second`)
    assert.ok(freed > 3 * throttled, `${freed} records a second after it, ${throttled} before`)
    assert.deepEqual(
      stand.gateway.warnings.filter(({ msg }) => msg === 'No answer to a record batch'),
      []
    )
    const other = await alone.judge(t, 0)
    assert.deepEqual([...other.answers.keys()], [200])
    assert.ok(other.longestStallMs < 1500, 'another broker serves as if nothing were')
    const { answers } = await loaded.judge(t, 1)
    assert.deepEqual([...answers.keys()], [200])
  })

  test('throttled readers come to the end and miss nothing', async t => {
    const { operator } = stand.cluster
    await operator.createTopic('slowly-read', [[1, 2, 3]])
    const trial = new Trial({ ...stand, topic: 'slowly-read', padding: PADDING })
    while (trial.writers.acknowledged < 1500) await sleep(100)
    await trial.writers.stop()
    await operator.quota(CLIENT_ID, 'consumer_byte_rate', CONSUMER_BYTES_PER_SECOND)
    const reader = new Reader(stand.gateway, 'slowly-read', 0)
    const stored = await operator.dump('slowly-read')
    const startedMs = performance.now()
    await reader.readTo(stored.length)
    const bytesPerSecond = (stored.length * RECORD_BYTES * 1000) / (performance.now() - startedMs)
    await operator.quota(CLIENT_ID, 'consumer_byte_rate', -1)
    t.diagnostic(
      `${Math.round(bytesPerSecond)} bytes a second; longest wait for a page ${Math.round(reader.longestStallMs)} ms; ` +
        `answers: ${Array.from(reader.answers, ([status, count]) => `${count} × ${status}`).join(', ')}`
    )
    assert.deepEqual(
      reader.seen.map(({ offset, value }) => ({ offset, value })),
      stored.map(({ offset, value }) => ({ offset, value }))
    )
    assert.deepEqual(reader.surprises, [])
    await trial.judge(t, 0)
  })
})
