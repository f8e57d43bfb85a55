import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alone } from '../support/alone.ts'
import { sharedBroker, uniqueTopic } from '../support/gateway.ts'
import { ConsumerTrial } from './support/consumer-trial.ts'

await alone()

const PARTITIONS = 4
const NAMES = ['i', 'j']
const APART_MS = 800

suite('A killed gateway costs no consumer instance', () => {
  let trial: ConsumerTrial
  before(async () => {
    trial = await ConsumerTrial.start({ bootstrapServers: [sharedBroker()], gateways: 3 })
  })
  after(() => trial.close())

  test('behind a balancer that knows nothing of instances: each record is delivered, again only around the kill', async t => {
    const topic = uniqueTopic('killed')
    await trial.createTopic(topic, PARTITIONS)
    const stored = trial.stored({ topic, partitions: PARTITIONS, records: 50, pauseMs: 50 })
    for (const autoCommit of [true, false]) {
      const group = uniqueTopic('group')
      trial.group(group, [stored])
      for (const name of NAMES) trial.client({ group, name, subscription: { topics: [topic] }, autoCommit })
    }
    await trial.untilStable(NAMES.length, PARTITIONS)
    stored.write()
    await sleep(APART_MS)
    const kill = async (number: number) => {
      const [victim] = trial.fleet.names
      await trial.fault(`kill ${number}`, () => trial.fleet.kill(victim))
    }
    await kill(1)
    const starting = trial.fleet.add()
    await sleep(APART_MS)
    await kill(2)
    await starting
    await sleep(APART_MS)
    const [oldest] = trial.fleet.names
    assert.equal(await trial.fleet.stop(oldest), 0)
    await sleep(APART_MS)
    const { records } = await trial.judge(t)
    assert.ok(records > 2000, `${records} records`)
  })
})
