import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayProcess } from '../support/gateway-process.ts'
import { FaultCluster } from './support/cluster.ts'
import { minutes } from './support/minutes.ts'
import { Trial } from './support/trial.ts'

suite('A killed leader costs no record', () => {
  let cluster: FaultCluster
  let gateway: GatewayProcess
  before(async () => {
    cluster = await FaultCluster.start()
    gateway = await GatewayProcess.start({ bootstrapServers: cluster.bootstrapServers })
  })
  after(async () => {
    await gateway.stop()
    await cluster.close()
  })

  test('kill -9 of the leader under load: what was acknowledged is there, once, in order; readers miss nothing', async t => {
    const { operator } = cluster
    await operator.createTopic('killed', 3)
    const trial = new Trial({ cluster, gateway, topic: 'killed', read: [0, 1] })
    await sleep(1500)
    let kills = 0
    for (const end = Date.now() + minutes() * 60_000; kills === 0 || Date.now() < end; kills++) {
      const leader = await operator.leaderOf('killed')
      await cluster.broker(leader).kill()
      await operator.untilLeader('killed', now => now >= 0 && now !== leader)
      await sleep(1500)
      await cluster.broker(leader).start()
      await operator.untilInSync()
    }
    const { longestStallMs } = await trial.judge(t, kills)
    assert.ok(longestStallMs < 15_000, 'the gateway is back soon after Kafka has a new leader')
  })
})
