import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayProcess } from '../support/gateway-process.ts'
import { FaultCluster } from './support/cluster.ts'
import { minutes } from './support/minutes.ts'
import { Trial } from './support/trial.ts'

suite('A wiped broker comes back', () => {
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

  test('its disk lost, it replicates under load and leads again: every record is there once', async t => {
    const { operator } = cluster
    await operator.createTopic('wiped', [
      [1, 2, 3],
      [2, 3, 1],
      [3, 1, 2]
    ])
    const trial = new Trial({ cluster, gateway, topic: 'wiped', read: [0, 1, 2] })
    await sleep(1500)
    let wiped = 0
    for (const end = Date.now() + minutes() * 60_000; wiped === 0 || Date.now() < end; wiped++) {
      const id = 1 + (wiped % 3)
      await cluster.broker(id).kill()
      cluster.wipe(id)
      await sleep(1500)
      await cluster.broker(id).start()
      await operator.untilInSync()
      await operator.electPreferred('wiped', id - 1)
      await sleep(2000)
      assert.equal(await operator.leaderOf('wiped', id - 1), id, 'the wiped broker leads again')
    }
    const { answers } = await trial.judge(t, wiped)
    assert.equal(answers.get(0), undefined, 'every request is answered')
  })
})
