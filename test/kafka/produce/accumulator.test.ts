import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaFailure } from '../../../src/kafka/kafka-failure.ts'
import { alone } from '../../support/alone.ts'
import { ModelCluster } from './model-ports.ts'

await alone()

const REFUSAL = new KafkaFailure('refused', 'Kafka does not permit writing.')

function never<T>(): Promise<T> {
  return new Promise(() => undefined)
}

suite('The accumulator', () => {
  test('a topic that is deleted stops no other: producer ids are asked for only by partitions that have none', async () => {
    const cluster = new ModelCluster()
    cluster.setTopic('steady', {})
    cluster.setTopic('deleted', {})
    await cluster.send('steady')
    await cluster.send('deleted')
    cluster.initProducerId = never
    cluster.setTopic('deleted', null)
    cluster.setTopic('new', {})
    for (const topic of ['steady', 'new']) {
      const { offsets } = await cluster.send(topic, { withinMs: 1000 })
      assert.equal(offsets[0], topic === 'steady' ? 1 : 0, topic)
    }
    await cluster.accumulator.close()
  })

  test('a topic that comes back after it was deleted meets no sequence number of the old one: its epoch is later', async () => {
    const cluster = new ModelCluster()
    cluster.setTopic('a', {})
    await cluster.send('a')
    await cluster.send('a')
    cluster.setTopic('a', null)
    // The broker still remembers the producer, as one does that was away while the topic was deleted.
    cluster.setTopic('a', {})
    const { offsets, failures } = await cluster.send('a', { withinMs: 1000 })
    assert.deepEqual([offsets[0], failures], [2, undefined])
    assert.deepEqual(
      cluster.received.map(({ epoch, sequence }) => [epoch, sequence]),
      [
        [0, 0],
        [0, 1],
        [2, 0]
      ]
    )
    assert.equal(cluster.idsAsked, 1)
    await cluster.accumulator.close()
  })

  test('a topic that nobody has written to for ten minutes is forgotten, and goes on in a later epoch', async t => {
    let nowMs = 0
    t.mock.method(performance, 'now', () => nowMs)
    const cluster = new ModelCluster()
    cluster.setTopic('a', {})
    cluster.setTopic('b', {})
    const sendAll = async () => {
      for (const topic of ['a', 'b']) {
        assert.deepEqual([(await cluster.send(topic)).failures, topic], [undefined, topic])
      }
      await sleep(50)
    }
    await sendAll()
    nowMs += 500_000
    await cluster.send('a')
    nowMs += 200_000
    await cluster.send('a')
    await sleep(50)
    await sendAll()
    assert.deepEqual(
      cluster.received.map(({ topic, epoch, sequence }) => `${topic} ${epoch}/${sequence}`),
      ['a 0/0', 'b 0/0', 'a 0/1', 'a 0/2', 'a 0/3', 'b 1/0']
    )
    await cluster.accumulator.close()
  })

  test('where Kafka gives the gateway no producer id, callers are told so at once, and it is asked again later only', async () => {
    const cluster = new ModelCluster()
    cluster.setTopic('a', {})
    cluster.initProducerId = () => Promise.reject(REFUSAL)
    for (let request = 0; request < 3; request++) {
      const startedMs = performance.now()
      const { failures } = await cluster.send('a')
      assert.deepEqual(failures?.get(0), {
        kind: 'refused',
        message: REFUSAL.message,
        stored: 'no'
      })
      assert.ok(performance.now() - startedMs < 500, 'at once')
      await sleep(200)
    }
    assert.equal(cluster.idsAsked, 1)
    assert.deepEqual(
      cluster.logged.map(({ level, message }) => [level, message]),
      [['warn', 'Kafka gives no producer id']]
    )
    await cluster.accumulator.close()
  })

  test('a producer id that does not come is asked for until it does', async () => {
    const cluster = new ModelCluster()
    cluster.setTopic('a', {})
    let failures = 3
    cluster.initProducerId = () =>
      failures-- > 0 ? Promise.reject(new Error('loading')) : Promise.resolve({ producerId: 8n, epoch: 0 })
    assert.equal((await cluster.send('a')).offsets[0], 0)
    assert.equal(cluster.idsAsked, 4)
    assert.deepEqual(
      cluster.logged.map(({ level, message }) => [level, message]),
      [
        ['warn', 'Kafka gives no producer id'],
        ['info', 'Kafka gives producer ids again']
      ]
    )
    await cluster.accumulator.close()
  })

  test('records without a key move on with every batch, and at 16 KiB at the latest', async () => {
    const cluster = new ModelCluster()
    cluster.setTopic('a', { partitions: 6 })
    const spread = async (requests: number, count: number) => {
      const counts = Array.from({ length: 6 }, () => 0)
      for (let request = 0; request < requests; request++) {
        const { partitions } = await cluster.send('a', { count })
        for (const partition of partitions) counts[partition]++
      }
      return counts
    }
    for (const count of await spread(300, 1)) assert.ok(count >= 20 && count <= 90, `${count} of 300`)
    assert.ok(Math.max(...(await spread(1, 10_000))) < 5000, 'one large request does not fill one partition')
    await cluster.accumulator.close()
  })

  test('answers that do not come are logged when that begins and when it is over, not batch by batch; the connection logs the rest', async () => {
    const cluster = new ModelCluster()
    cluster.setTopic('a', { partitions: 20 })
    const sendAll = () => Array.from({ length: 20 }, (_, partition) => cluster.send('a', { partition }))
    await Promise.all(sendAll())
    cluster.downAtNextSend = 'it closed the connection'
    const hurt = sendAll()
    await sleep(500)
    cluster.down = cluster.downAtNextSend = ''
    for (const { failures } of await Promise.all(hurt)) assert.equal(failures, undefined)
    const lines = cluster.logged.map(({ level, fields, message }) => `${level} ${message} ${JSON.stringify(fields)}`)
    assert.equal(lines.length, 2, lines.join('\n'))
    for (const [at, start] of [
      'warn No answer to a record batch {"brokerId":1,',
      'info Record batches are answered again {"brokerId":1,"lastedMs":'
    ].entries())
      assert.ok(lines[at].startsWith(start), lines[at])
    await cluster.accumulator.close()
  })

  test('twenty thousand callers of a partition without a leader are answered in time, and nobody else is held up', async t => {
    const cluster = new ModelCluster()
    cluster.setTopic('leaderless', { leader: -1 })
    const turns = watchLoop(t)
    const answers: Promise<string>[] = []
    for (let caller = 0; caller < 20_000; caller++) {
      answers.push(cluster.send('leaderless', { withinMs: 1000 }).then(({ failures }) => failures?.get(0)?.kind ?? ''))
      if (caller % 1000 === 999) await sleep(5)
    }
    assert.deepEqual(new Set(await Promise.all(answers)), new Set(['leaderless']))
    assert.ok(turns.longestMs < 100, `the event loop stood still for ${Math.round(turns.longestMs)} ms`)
    await cluster.accumulator.close()
  })
})

/** Processor time of the longest turn of the event loop: what else the machine does is not in it. */
function watchLoop(t: TestContext): { readonly longestMs: number } {
  const seen = { longestMs: 0 }
  const usedMs = () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1000
  }
  let before = usedMs()
  let immediate = setImmediate(function turn() {
    const now = usedMs()
    seen.longestMs = Math.max(seen.longestMs, now - before)
    before = now
    immediate = setImmediate(turn)
  })
  t.after(() => clearImmediate(immediate))
  return seen
}
