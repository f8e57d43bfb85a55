import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alone } from '../support/alone.ts'
import { FaultCluster } from './support/cluster.ts'
import { ConsumerTrial } from './support/consumer-trial.ts'
import { minutes } from './support/minutes.ts'

await alone()

const TOPIC = 'read'
const PARTITIONS = 6
const NAMES = ['i', 'j', 'k']
const LONG_ROUND_MS = 20_000
const SHORT_ROUND_MS = 5000
const STALL_LIMIT_MS = 15_000

/** 3 s are Kafka's default, 0 is what tests and small installations set. */
for (const delayMs of [0, 3000])
  suite(`A gateway killed every 20 s costs no record (group.initial.rebalance.delay.ms ${delayMs})`, () => {
    let cluster: FaultCluster
    let trial: ConsumerTrial
    before(async () => {
      cluster = await FaultCluster.start({ properties: { 'group.initial.rebalance.delay.ms': String(delayMs) } })
      trial = await ConsumerTrial.start({ bootstrapServers: cluster.bootstrapServers, gateways: 3 })
    })
    after(async () => {
      await trial.close()
      await cluster.close()
    })

    test('four groups behind a balancer: SIGKILL, every third time SIGTERM to one of four', async t => {
      await cluster.operator.createTopic(TOPIC, PARTITIONS)
      const stored = trial.stored({ topic: TOPIC, partitions: PARTITIONS, records: 50, pauseMs: 20 })
      const topics = { topics: [TOPIC] }
      for (const [group, subscription, autoCommit, vanishes] of [
        ['auto', topics, true, 0],
        ['manual', topics, false, 0],
        ['pattern', { topic_pattern: 'rea.' }, true, 0],
        ['vanishing', topics, true, 0.1]
      ] as const) {
        trial.group(group, [stored])
        for (const name of NAMES) trial.client({ group, name, subscription, autoCommit, vanishes })
      }
      await trial.untilStable(NAMES.length, PARTITIONS)
      stored.write()
      const roundMs = minutes() > 0 ? LONG_ROUND_MS : SHORT_ROUND_MS
      const rounds = Math.max(3, Math.ceil((minutes() * 60_000) / roundMs))
      for (let round = 1; round <= rounds; round++) {
        const next = sleep(roundMs)
        if (round % 3 === 0) {
          await trial.fleet.add()
          const [oldest] = trial.fleet.names
          assert.equal(await trial.fleet.stop(oldest), 0)
        } else {
          const victim = trial.fleet.names[round % trial.fleet.names.length]
          await trial.fault(`kill ${round}`, () => trial.fleet.kill(victim))
          await trial.fleet.add()
        }
        await next
      }
      const { longestStallMs } = await trial.judge(t)
      assert.ok(longestStallMs < STALL_LIMIT_MS, `a partition stood still for ${longestStallMs} ms`)
    })
  })
