import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../src/core/deadline.ts'
import type { Place } from '../../../src/kafka/fetch/place.ts'
import type { Isolation } from '../../../src/kafka/fetch/read-request.ts'
import { recordsOf } from '../records/stored.ts'
import { range } from './cluster-of.ts'
import { ModelPollCluster, type ModelPollBroker } from './model-polls.ts'

const at = (partition: number, offset: number, more: Partial<Place> = {}): Place => ({
  topic: 'orders',
  partition,
  offset,
  ...more
})

/** A wait whose outcome can be looked at before it ends. */
function begin(
  { reads }: ModelPollCluster,
  places: readonly Place[],
  { isolation = 'committed', timeoutMs = 10_000 }: { isolation?: Isolation; timeoutMs?: number } = {}
) {
  const controller = new AbortController()
  const wait = { outcome: undefined as readonly Place[] | undefined, cancel: () => controller.abort() }
  const done = reads.wait(places, isolation, { deadline: Deadline.after(timeoutMs), signal: controller.signal })
  return Object.assign(wait, { done: done.then(outcome => (wait.outcome = outcome)) })
}

/** Until the long poll of the broker holds so many partitions. */
async function polled({ held }: ModelPollBroker, partitions: number): Promise<void> {
  for (let round = 0; round < 200; round++) {
    if ([...held].some(({ all }) => all.length === partitions)) return
    await sleep(5)
  }
  assert.fail(`no poll for ${partitions} partitions`)
}

suite('A wait', () => {
  test('ends with the place that a record comes to, and with no other', async () => {
    const cluster = new ModelPollCluster([1, 1])
    const wait = begin(cluster, [at(0, 0), at(1, 0)])
    await polled(cluster.brokers[1], 2)
    cluster.append(1)
    assert.deepEqual(await wait.done, [at(1, 0)])
  })

  test('ends with nothing at its deadline, and when it is cancelled', async () => {
    const cluster = new ModelPollCluster([1])
    const startedMs = performance.now()
    assert.deepEqual(await begin(cluster, [at(0, 0)], { timeoutMs: 80 }).done, [])
    assert.ok(performance.now() - startedMs >= 75)
    const cancelled = begin(cluster, [at(0, 0)])
    cancelled.cancel()
    assert.deepEqual(await cancelled.done, [])
    assert.deepEqual(
      await cluster.reads.wait([at(0, 0)], 'committed', {
        deadline: Deadline.after(9000),
        signal: AbortSignal.abort()
      }),
      []
    )
    const closed = begin(cluster, [at(0, 0)])
    cluster.reads.close()
    assert.deepEqual(await closed.done, [])
  })

  test('a hundred for one partition share one long poll, and read what it brought without another fetch', async () => {
    const cluster = new ModelPollCluster([1])
    const waits = range(0, 100).map(() => begin(cluster, [at(0, 0)]))
    await polled(cluster.brokers[1], 1)
    assert.equal(cluster.brokers[1].polls.length, 1)
    cluster.append(0, 3)
    for (const { done } of waits) {
      const ready = await done
      const options = { isolation: 'committed', limits: { records: 9, bytes: 1e6 }, atOnce: true } as const
      const seen: number[][] = []
      await cluster.reads.readMany(ready, { ...options, deadline: Deadline.after(1000) }, page => {
        seen.push(recordsOf(page).map(({ offset }) => offset))
      })
      assert.deepEqual(seen, [[0, 1, 2]])
    }
    assert.equal(cluster.brokers[1].polls.length, 1)
  })

  test('what a poll has brought is ready for whoever comes next, without a poll', async () => {
    const cluster = new ModelPollCluster([1])
    const first = begin(cluster, [at(0, 0)])
    await polled(cluster.brokers[1], 1)
    cluster.append(0, 3)
    await first.done
    assert.deepEqual(await begin(cluster, [at(0, 2)]).done, [at(0, 2)])
    assert.equal(cluster.brokers[1].polls.length, 1)
  })

  test('a newcomer does not stand behind a poll under way, and no more than two are under way at a time', async () => {
    const cluster = new ModelPollCluster(range(0, 40).map(() => 1))
    const { 1: broker } = cluster.brokers
    const old = begin(cluster, [at(0, 0)])
    await polled(broker, 1)
    for (const partition of range(1, 40)) {
      const startedMs = performance.now()
      const wait = begin(cluster, [at(partition, 0)])
      await sleep(2)
      cluster.append(partition)
      assert.deepEqual(await wait.done, [at(partition, 0)])
      assert.ok(performance.now() - startedMs < 250, 'it waited for the long poll to return')
    }
    assert.equal(old.outcome, undefined)
    assert.equal(broker.mostHeld, 2)
    old.cancel()
  })

  test('a reader further back than the poll under way is told too', async () => {
    const cluster = new ModelPollCluster([1], { cacheBytes: 0 })
    cluster.append(0, 5)
    const ahead = begin(cluster, [at(0, 5)])
    await polled(cluster.brokers[1], 1)
    assert.deepEqual(await begin(cluster, [at(0, 2)]).done, [at(0, 2)])
    assert.equal(ahead.outcome, undefined)
    cluster.append(0)
    assert.deepEqual(await ahead.done, [at(0, 5)])
  })

  test('works with brokers of any age', async () => {
    for (const version of range(7, 18)) {
      const cluster = new ModelPollCluster([1])
      cluster.brokers[1].version = version
      const wait = begin(cluster, [at(0, 0)])
      await polled(cluster.brokers[1], 1)
      cluster.append(0)
      assert.deepEqual(await wait.done, [at(0, 0)], `version ${version}`)
    }
  })

  test('passes markers and aborted records, and its place comes back behind them', async () => {
    const cluster = new ModelPollCluster([1])
    const { 0: partition } = cluster.partitions
    const wait = begin(cluster, [at(0, 0)])
    await sleep(30)
    partition.appendOpen(7n, 3)
    partition.endTransaction(7n, 'abort')
    cluster.changed()
    await sleep(100)
    assert.equal(wait.outcome, undefined)
    cluster.append(0)
    assert.deepEqual(await wait.done, [at(0, 4)])
  })

  test('goes on at the new leader', async () => {
    const cluster = new ModelPollCluster([1])
    const wait = begin(cluster, [at(0, 0)])
    await polled(cluster.brokers[1], 1)
    cluster.moveLeader(0, 0)
    await polled(cluster.brokers[0], 1)
    cluster.append(0)
    assert.deepEqual(await wait.done, [at(0, 0)])
  })

  test('goes on at the leader that the old one names, without a question', async () => {
    const cluster = new ModelPollCluster([1])
    cluster.namesLeaders = true
    const wait = begin(cluster, [at(0, 0)])
    await polled(cluster.brokers[1], 1)
    cluster.moveLeader(0, 0)
    await polled(cluster.brokers[0], 1)
    cluster.append(0)
    assert.deepEqual(await wait.done, [at(0, 0)])
    assert.deepEqual([cluster.hints, cluster.refreshes], [1, 0])
  })

  test('for a partition without a leader lasts, and the others go on', async () => {
    const cluster = new ModelPollCluster([-1, 1])
    const both = begin(cluster, [at(0, 0), at(1, 0)])
    const leaderless = begin(cluster, [at(0, 0)])
    await polled(cluster.brokers[1], 1)
    cluster.append(1)
    assert.deepEqual(await both.done, [at(1, 0)])
    cluster.moveLeader(0, 0)
    cluster.append(0)
    assert.deepEqual(await leaderless.done, [at(0, 0)])
    assert.ok(cluster.refreshes < 12, `${cluster.refreshes} questions`)
  })

  test('ends with a place that can never be read: its read tells why', async () => {
    const other = Buffer.alloc(16, 9)
    for (const [name, place, spoil] of [
      ['beyond the end', at(0, 9), () => undefined],
      ['of a partition that is none', at(5, 0), () => undefined],
      ['of an earlier topic', at(0, 0, { topicId: other }), () => undefined],
      ['of a topic that is deleted', at(0, 0), (cluster: ModelPollCluster) => void (cluster.isDeleted = true)],
      ['refused', at(0, 0), (cluster: ModelPollCluster) => void (cluster.partitions[0].errorCode = 29)]
    ] as const) {
      const cluster = new ModelPollCluster([1], { isKnown: name !== 'of a topic that is deleted' })
      spoil(cluster)
      assert.deepEqual(await begin(cluster, [place]).done, [place], name)
    }
  })

  test('ends when the topic is deleted, and when it is created again if its place names the id', async () => {
    for (const [change, topicId] of [
      [(cluster: ModelPollCluster) => (cluster.isDeleted = true), undefined],
      [(cluster: ModelPollCluster) => (cluster.topicId = Buffer.alloc(16, 5)), new ModelPollCluster([]).topicId]
    ] as const) {
      const cluster = new ModelPollCluster([1])
      const place = at(0, 0, { topicId })
      const wait = begin(cluster, [place])
      await polled(cluster.brokers[1], 1)
      change(cluster)
      cluster.partitions[0].errorCode = 100
      cluster.changed()
      assert.deepEqual(await wait.done, [place])
    }
  })

  test('by name alone goes on in the topic that has the name now', async () => {
    const cluster = new ModelPollCluster([1])
    const wait = begin(cluster, [at(0, 0)])
    await polled(cluster.brokers[1], 1)
    cluster.topicId = Buffer.alloc(16, 5)
    cluster.append(0)
    assert.deepEqual(await wait.done, [at(0, 0)])
  })
})

suite('A wait, over seconds', { concurrency: true }, () => {
  test('asks for a partition once, and names nothing again while nothing changes', async () => {
    const cluster = new ModelPollCluster(range(0, 20).map(() => 1))
    const { 1: broker } = cluster.brokers
    const wait = begin(
      cluster,
      range(0, 20).map(partition => at(partition, 0))
    )
    await polled(broker, 20)
    await sleep(1200)
    assert.deepEqual(
      broker.polls.slice(0, 3).map(({ epoch, partitions, forgotten }) => [epoch, partitions.length, forgotten.length]),
      [
        [0, 20, 0],
        [1, 0, 0],
        [2, 0, 0]
      ]
    )
    const other = begin(cluster, [at(0, 0)])
    wait.cancel()
    await sleep(600)
    const last = broker.polls.findLast(({ forgotten }) => forgotten.length > 0)
    assert.deepEqual([last?.partitions.length, last?.forgotten.length], [0, 19])
    other.cancel()
  })

  test('is polled for in full again once the broker has lost the session, or keeps none', async () => {
    const spoiling = [
      (broker: ModelPollBroker) => broker.forgetSessions(),
      (broker: ModelPollBroker) => (broker.keepsSessions = false),
      (broker: ModelPollBroker) => (broker.version = 12)
    ].map(async spoil => {
      const cluster = new ModelPollCluster([1, 1])
      const { 1: broker } = cluster.brokers
      const wait = begin(cluster, [at(0, 0), at(1, 0)])
      await polled(broker, 2)
      spoil(broker)
      await sleep(1100)
      cluster.append(1)
      assert.deepEqual(await wait.done, [at(1, 0)])
      assert.ok(broker.polls.length < 8, `${broker.polls.length} polls`)
    })
    await Promise.all(spoiling)
  })

  test('of a reader of committed records lasts until the transaction is committed, and spins meanwhile no more than without one', async () => {
    const cluster = new ModelPollCluster([1])
    const { 0: partition } = cluster.partitions
    const committed = begin(cluster, [at(0, 0)])
    const uncommitted = begin(cluster, [at(0, 0)], { isolation: 'uncommitted' })
    await sleep(50)
    partition.appendOpen(7n, 3)
    cluster.changed()
    assert.deepEqual(await uncommitted.done, [at(0, 0)])
    await sleep(700)
    assert.equal(committed.outcome, undefined)
    assert.ok(cluster.brokers[1].polls.length <= 6, `${cluster.brokers[1].polls.length} polls`)
    partition.endTransaction(7n, 'commit')
    cluster.changed()
    assert.deepEqual(await committed.done, [at(0, 0)])
  })

  test('goes on at the new leader of a broker that froze', async () => {
    const cluster = new ModelPollCluster([1])
    const wait = begin(cluster, [at(0, 0)])
    await polled(cluster.brokers[1], 1)
    cluster.brokers[1].isFrozen = true
    cluster.moveLeader(0, 0)
    cluster.append(0)
    const startedMs = performance.now()
    assert.deepEqual(await wait.done, [at(0, 0)])
    assert.ok(performance.now() - startedMs < 4000)
  })

  test('survives a quota, and asks no more than the quota allows', async () => {
    const cluster = new ModelPollCluster([1])
    const { 1: broker } = cluster.brokers
    broker.throttleMs = 200
    const wait = begin(cluster, [at(0, 0)])
    await sleep(900)
    assert.ok(broker.polls.length <= 6, `${broker.polls.length} polls`)
    broker.throttleMs = 0
    cluster.append(0)
    assert.deepEqual(await wait.done, [at(0, 0)])
  })

  test('two thousand survive the restart of their broker without a storm', async () => {
    const cluster = new ModelPollCluster(range(0, 1000).map(partition => partition % 2))
    const waits = range(0, 2000).map(number => begin(cluster, [at(number % 1000, 0)]))
    await polled(cluster.brokers[1], 500)
    const { 1: broker } = cluster.brokers
    const before = { polls: broker.polls.length, refreshes: cluster.refreshes }
    broker.isDown = true
    broker.drop()
    await sleep(2000)
    broker.isDown = false
    for (const partition of range(0, 1000)) cluster.partitions[partition].append()
    cluster.changed()
    await Promise.all(waits.map(({ done }) => done))
    assert.ok(waits.every(({ outcome }) => outcome?.length === 1))
    assert.ok(broker.polls.length - before.polls < 15, `${broker.polls.length - before.polls} polls`)
    assert.ok(cluster.refreshes - before.refreshes < 25, `${cluster.refreshes - before.refreshes} questions`)
  })
})
