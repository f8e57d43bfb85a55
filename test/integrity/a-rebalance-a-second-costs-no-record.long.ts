import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alone } from '../support/alone.ts'
import { FaultCluster } from './support/cluster.ts'
import { ConsumerTrial } from './support/consumer-trial.ts'
import { minutes } from './support/minutes.ts'

await alone()

const TOPIC = 'shared'
const PARTITIONS = 6
const NAMES = ['i', 'j']
const SHORT_MS = 20_000
const APART_MS = 1000
const STALL_LIMIT_MS = 15_000

for (const kills of [false, true])
  suite(`A rebalance a second costs no record${kills ? ', with a gateway killed every 20 s' : ''}`, () => {
    let cluster: FaultCluster
    let trial: ConsumerTrial
    before(async () => {
      cluster = await FaultCluster.start()
      trial = await ConsumerTrial.start({ bootstrapServers: cluster.bootstrapServers, gateways: 3 })
    })
    after(async () => {
      await trial.close()
      await cluster.close()
    })

    test('instances, Java consumers and librdkafka come and go; nobody stands still for 15 s', async t => {
      await cluster.operator.createTopic(TOPIC, PARTITIONS)
      const stored = trial.stored({ topic: TOPIC, partitions: PARTITIONS, records: 50, pauseMs: 50 })
      const subscription = { topics: [TOPIC] }
      for (const group of ['java', 'librdkafka', 'instances', 'calm']) {
        trial.group(group, [stored])
        for (const name of NAMES) trial.client({ group, name, subscription, autoCommit: true })
      }
      await trial.untilStable(NAMES.length, PARTITIONS)
      await trial.coMember('java', 'java', 'resident', TOPIC)
      await trial.coMember('librdkafka', 'librdkafka', 'resident', TOPIC)
      stored.write()
      const endMs = performance.now() + Math.max(SHORT_MS, minutes() * 60_000)
      const isOver = () => performance.now() >= endMs
      let visits = 0
      const comeAndGo = async (visit: () => Promise<{ leave(): Promise<void> }>) => {
        while (!isOver()) {
          const visitor = await visit()
          await sleep(APART_MS)
          await visitor.leave()
          await sleep(APART_MS)
        }
      }
      const kill = async () => {
        for (let number = 1; !isOver(); number++) {
          await sleep(minutes() > 0 ? 20_000 : 5000)
          await trial.fault(`kill ${number}`, () => trial.fleet.kill(trial.fleet.names[number % 3]))
          await trial.fleet.add()
        }
      }
      await Promise.all([
        comeAndGo(() => trial.coMember('java', 'java', `java-${++visits}`, TOPIC)),
        comeAndGo(() => trial.coMember('librdkafka', 'librdkafka', `librdkafka-${++visits}`, TOPIC)),
        comeAndGo(() =>
          Promise.resolve(
            trial.client({ group: 'instances', name: `visitor-${++visits}`, subscription, autoCommit: true })
          )
        ),
        ...(kills ? [kill()] : [])
      ])
      const { longestStallMs } = await trial.judge(t)
      const { longestStandstillMs } = trial
      t.diagnostic(`${visits} visits; a co-member stood still for ${Math.round(longestStandstillMs)} ms at most`)
      assert.ok(longestStandstillMs < STALL_LIMIT_MS, `a co-member stood still for ${longestStandstillMs} ms`)
      assert.ok(longestStallMs < STALL_LIMIT_MS, `a partition stood still for ${longestStallMs} ms`)
    })
  })
