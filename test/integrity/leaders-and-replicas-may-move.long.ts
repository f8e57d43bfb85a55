import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../src/core/deadline.ts'
import { SPAN_STRIDE } from '../../src/core/record-table.ts'
import { Cluster } from '../../src/kafka/cluster.ts'
import { partitionForKey } from '../../src/kafka/records/murmur2.ts'
import { kafkaConfig, silent } from '../kafka/transport/scripted-broker.ts'
import { minutes } from './support/minutes.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

suite('Leaders and replicas may move', () => {
  const stand = useStand()

  test('partitions are reassigned to other brokers, and their leaders elected anew, under load: no request fails', async t => {
    const { operator } = stand.cluster
    await operator.createTopic('moved', [
      [1, 2],
      [2, 3]
    ])
    const trial = new Trial({ ...stand, topic: 'moved', read: [0, 1] })
    let moves = 0
    for (const end = Date.now() + minutes() * 60_000; moves < 3 || Date.now() < end; moves++) {
      for (const replicas of [
        [2, 3],
        [3, 1],
        [1, 2]
      ]) {
        await sleep(300)
        await operator.reassign('moved', 0, replicas)
        await operator.electPreferred('moved', 0)
        await operator.reassign('moved', 1, replicas.toReversed())
        await operator.electPreferred('moved', 1)
      }
    }
    await sleep(500)
    const { answers } = await trial.judge(t, 0)
    assert.deepEqual([...answers.keys()], [200])
  })

  test('a new leader is found by the answer of the former one, without a question about metadata', async t => {
    const { operator, bootstrapServers } = stand.cluster
    await operator.createTopic('named', [[1, 2, 3]])
    const cluster = new Cluster(kafkaConfig([...bootstrapServers], { metadataMaxAgeMs: 600_000 }), {}, silent)
    t.after(() => cluster.close())
    await cluster.start()
    const write = async () => {
      const topic = await cluster.metadata.topic('named', Deadline.after(5000))
      assert.ok(topic !== null)
      const spans = new Int32Array(SPAN_STRIDE).fill(-1)
      const table = { bytes: Buffer.alloc(0), count: 1, spans }
      return (await cluster.accumulator.submit(topic, table, Deadline.after(5000), () => undefined)).offsets[0]
    }
    assert.equal(await write(), 0)
    const refreshed = t.mock.method(cluster.metadata, 'refresh')
    for (const [move, replicas] of [
      [2, 3, 1],
      [3, 1, 2],
      [1, 2, 3]
    ].entries()) {
      await operator.reassign('named', 0, replicas)
      await operator.electPreferred('named', 0)
      await operator.untilLeader('named', leader => leader === replicas[0])
      // A new leader that does not know it yet names the former one; then metadata is asked for, as it should be.
      await sleep(1000)
      const startedMs = performance.now()
      assert.equal(await write(), move + 1)
      t.diagnostic(`stored by broker ${replicas[0]} after ${Math.round(performance.now() - startedMs)} ms`)
      assert.equal(cluster.metadata.peek('named')?.partitions[0].leader, replicas[0])
    }
    assert.equal(refreshed.mock.callCount(), 0)
  })

  test('partitions are added under load: nothing is lost, and keys go where the new count puts them', async t => {
    const { operator } = stand.cluster
    await operator.createTopic('grown', 2)
    const trial = new Trial({ ...stand, topic: 'grown', read: [0] })
    await sleep(1000)
    await operator.addPartitions('grown', 6)
    const addedAtMs = performance.now()
    await sleep(1000)
    for (const end = Date.now() + 40_000; Date.now() < end; await sleep(200)) {
      if (trial.writers.ledger.entries.some(({ partition }) => partition >= 2)) break
    }
    await sleep(1000)
    await trial.judge(t, 0)
    const { entries } = trial.writers.ledger
    const first = entries.find(({ partition }) => partition >= 2)
    assert.ok(first !== undefined, 'the new partitions take records')
    t.diagnostic(
      `the first record in a new partition ${Math.round(first.answeredAtMs - addedAtMs)} ms after they were added`
    )
    for (const { key, partition, sentAtMs } of entries) {
      if (key === null || sentAtMs < first.answeredAtMs) continue
      const bytes = Buffer.from(key)
      assert.equal(partition, partitionForKey(bytes, 0, bytes.length, 6), key)
    }
  })
})
