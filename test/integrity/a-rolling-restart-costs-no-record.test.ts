import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayProcess } from '../support/gateway-process.ts'
import { FaultCluster } from './support/cluster.ts'
import { minutes } from './support/minutes.ts'
import { Trial } from './support/trial.ts'

suite('A rolling restart costs no record', () => {
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

  test('every broker stopped in order and started again, one after the other, under load: no request fails', async t => {
    await cluster.operator.createTopic('rolled', 6)
    const trial = new Trial({ cluster, gateway, topic: 'rolled', read: [0, 1] })
    await sleep(1000)
    for (const end = Date.now() + minutes() * 60_000; ;) {
      await cluster.roll()
      if (Date.now() >= end) break
    }
    const { answers } = await trial.judge(t, 0)
    assert.deepEqual([...answers.keys()], [200])
  })
})
