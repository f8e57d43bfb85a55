import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alone } from '../support/alone.ts'
import { FaultCluster } from './support/cluster.ts'
import { ConsumerTrial } from './support/consumer-trial.ts'
import { minutes } from './support/minutes.ts'

await alone()

const TOPIC = 'read'
const OFFSETS = '__consumer_offsets'
const PARTITIONS = 6
const NAMES = ['i', 'j']
const GROUPS = ['one', 'two', 'three', 'four']
const APART_MS = 5000
const FREEZE_MS = 8000

suite('Brokers may die under consumer instances', () => {
  let cluster: FaultCluster
  let trial: ConsumerTrial
  before(async () => {
    // One partition: all groups have the same coordinator.
    cluster = await FaultCluster.start({ properties: { 'offsets.topic.num.partitions': '1' } })
    trial = await ConsumerTrial.start({ bootstrapServers: cluster.bootstrapServers, gateways: 3 })
  })
  after(async () => {
    await trial.close()
    await cluster.close()
  })

  test('coordinators killed, frozen and moved: no instance is lost, no record skipped, and no poll fails', async t => {
    const { operator } = cluster
    await operator.createTopic(TOPIC, PARTITIONS)
    const stored = trial.stored({ topic: TOPIC, partitions: PARTITIONS, records: 50, pauseMs: 50 })
    for (const [at, group] of GROUPS.entries()) {
      trial.group(group, [stored])
      for (const name of NAMES)
        trial.client({ group, name, subscription: { topics: [TOPIC] }, autoCommit: at % 2 === 0 })
    }
    await trial.untilStable(NAMES.length, PARTITIONS)
    stored.write()
    const faults: readonly [string, () => Promise<unknown>][] = [
      [
        'a killed coordinator',
        async () => {
          const id = await operator.leaderOf(OFFSETS)
          await cluster.broker(id).kill()
          await sleep(APART_MS)
          await cluster.broker(id).start()
        }
      ],
      [
        'a coordinator that is moved',
        async () => {
          const [{ leader, replicas }] = await operator.describe(OFFSETS)
          await operator.reassign(OFFSETS, 0, [...replicas.filter(id => id !== leader), leader])
          await operator.electPreferred(OFFSETS, 0)
        }
      ],
      [
        'a frozen coordinator',
        async () => {
          const id = await operator.leaderOf(OFFSETS)
          cluster.broker(id).freeze()
          await sleep(FREEZE_MS)
          cluster.broker(id).thaw()
        }
      ],
      [
        'a coordinator that is stopped',
        async () => {
          const id = await operator.leaderOf(OFFSETS)
          await cluster.broker(id).stop()
          await cluster.broker(id).start()
        }
      ]
    ]
    const rounds = Math.max(faults.length, Math.ceil((minutes() * 60_000) / 30_000))
    for (let round = 0; round < rounds; round++) {
      const [what, cause] = faults[round % faults.length]
      await trial.fault(`${what} (${round})`, async () => {
        await cause()
        await operator.untilInSync()
      })
      await sleep(APART_MS)
    }
    await trial.judge(t)
    assert.ok(trial.faults.length >= faults.length)
  })
})
