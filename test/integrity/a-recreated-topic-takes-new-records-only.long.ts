import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayProcess } from '../support/gateway-process.ts'
import { FaultCluster } from './support/cluster.ts'
import type { Entry } from './support/ledger.ts'
import { minutes } from './support/minutes.ts'
import { Trial } from './support/trial.ts'

suite('A re-created topic takes new records only', () => {
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

  test('deleted and created again under load, by somebody else: no batch of the old topic is in the new one', async t => {
    const { operator } = cluster
    await operator.createTopic('again', 3)
    const expected = ['TOPIC_NOT_FOUND', 'TOPIC_RECREATED']
    const trial = new Trial({ cluster, gateway, topic: 'again', expected, count: 12 })
    let deletedAtMs = 0
    let createdAtMs = 0
    let rounds = 0
    for (const end = Date.now() + minutes() * 60_000; rounds < 4 || Date.now() < end; rounds++) {
      await sleep(1000)
      deletedAtMs = performance.now()
      await operator.deleteTopic('again')
      if (rounds % 2 === 0) await sleep(500)
      for (;;) {
        try {
          await operator.createTopic('again', 3)
          break
        } catch {
          await sleep(50)
        }
      }
      createdAtMs = performance.now()
    }
    await sleep(2000)
    /** Of what was under way while the topic changed, only that it is nowhere twice. */
    const entry = (told: Entry): Entry => {
      if (told.answeredAtMs < deletedAtMs) return { ...told, fate: 'no' }
      return told.sentAtMs < createdAtMs && told.fate === 'stored' ? { ...told, fate: 'unknown' } : told
    }
    const { acknowledged } = await trial.judge(t, rounds, { entry })
    assert.ok(acknowledged > 100, 'the new topic takes records')
  })
})
