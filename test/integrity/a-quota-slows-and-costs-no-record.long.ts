import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from './support/client.ts'
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
/** Of one thread of a broker. */
const REQUEST_PERCENTAGE = 1
const PADDING = '-'.repeat(200)
/** Of a record on its way to Kafka. */
const RECORD_BYTES = 220
const CALM_LATEST = '/v1/consumer/topics/calm/partitions/0/offsets/latest?count=1'
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

  test('a client that may use little of the brokers is slowed in all that it asks, no request fails, and the log says so', async t => {
    const { cluster, gateway } = stand
    await cluster.operator.createTopic('frugal', [[1, 2, 3]])
    const told = () => gateway.warnings.filter(({ msg }) => / throttles (Produce|Fetch) /.test(msg))
    const before = told().length
    await cluster.operator.quota(CLIENT_ID, 'request_percentage', REQUEST_PERCENTAGE)
    const trial = new Trial({ ...stand, topic: 'frugal', read: [0], pauseMs: 0 })
    await sleep(Math.max(8000, minutes() * 60_000))
    await trial.writers.stop()
    await cluster.operator.quota(CLIENT_ID, 'request_percentage', -1)
    assert.ok(told().length > before, 'Kafka throttled')
    const { answers } = await trial.judge(t, 0)
    assert.deepEqual([...answers.keys()], [200])
  })

  test('a create beyond the quota for changes is refused at once, changes nothing, and holds up nobody else', async t => {
    const { cluster, gateway } = stand
    await cluster.operator.createTopic('calm', 3)
    await cluster.operator.quota(CLIENT_ID, 'controller_mutation_rate', 1)
    t.after(() => cluster.operator.quota(CLIENT_ID, 'controller_mutation_rate', -1))
    const client = new Client(gateway)
    t.after(() => client.close())
    await sleep(1000)
    const create = (topic: string, partitions: number) =>
      client.request(
        'PUT',
        `/v1/topics/${topic}`,
        JSON.stringify({ partition_count: partitions, replication_factor: 3 })
      )
    assert.equal((await create('greedy', 24)).status, 200)
    const refused = await create('one-more', 1)
    assert.deepEqual([refused.status, refused.json.code, refused.json.retriable], [503, 'KAFKA_UNAVAILABLE', true])
    assert.ok(refused.tookMs < 2000, `refused after ${Math.round(refused.tookMs)} ms`)
    const waitS = Number(refused.headers['retry-after'])
    assert.ok(waitS > 8 && waitS <= 30, `Retry-After: ${waitS}`)
    for (let number = 0; number < 20; number++) {
      for (const path of ['/v1/metadata/topics/calm/partitions', '/v1/metadata/topics', CALM_LATEST]) {
        const { status, tookMs } = await client.request('GET', path)
        assert.equal(status, 200)
        assert.ok(tookMs < 1000, `${path} took ${Math.round(tookMs)} ms`)
      }
    }
    const { json } = await client.request('GET', '/v1/metadata/topics')
    assert.ok(!json.topics.includes('one-more'))
    await sleep(waitS * 1000)
    assert.equal((await create('one-more', 1)).status, 200)
    const told = gateway.warnings.filter(({ msg }) => /throttles CreateTopics/.test(msg))
    assert.equal(told.length, 1)
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
