import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayProcess } from '../support/gateway-process.ts'
import { FaultCluster } from './support/cluster.ts'
import { minutes } from './support/minutes.ts'
import { Trial } from './support/trial.ts'

/** Of a round: a fault, and the time to get over it. */
const LONG_ROUND_MS = 60_000
const SHORT_ROUND_MS = 12_000
const FREEZE_MS = 6000

suite('A fault a minute leaves it as it was', () => {
  let cluster: FaultCluster
  let gateway: GatewayProcess
  before(async () => {
    cluster = await FaultCluster.start({ relayed: true })
    gateway = await GatewayProcess.start({ bootstrapServers: cluster.bootstrapServers })
  })
  after(async () => {
    await gateway.stop()
    await cluster.close()
  })

  /** One after the other; each leaves the cluster whole. */
  const faults: readonly [string, () => Promise<unknown>][] = [
    [
      'kill',
      async () => {
        const leader = await cluster.operator.leaderOf('soaked')
        await cluster.broker(leader).kill()
        await sleep(1000)
        await cluster.broker(leader).start()
      }
    ],
    ['reset', async () => cluster.relays.forEach(relay => relay.reset())],
    [
      'freeze',
      async () => {
        const leader = await cluster.operator.leaderOf('soaked')
        cluster.broker(leader).freeze()
        await sleep(FREEZE_MS)
        cluster.broker(leader).thaw()
      }
    ],
    ['move', () => cluster.operator.reassign('soaked', 0, [3, 2, 1])],
    [
      'black hole',
      async () => {
        const relay = cluster.relay(await cluster.operator.leaderOf('soaked'))
        relay.hold()
        await sleep(3000)
        relay.flow()
      }
    ],
    [
      'restart',
      async () => {
        await cluster.broker(1).stop()
        await cluster.broker(1).start()
      }
    ]
  ]

  test('mixed load through faults of every kind: nothing lost, nothing twice, memory flat', async t => {
    await cluster.operator.createTopic('soaked', 6)
    const trial = new Trial({ cluster, gateway, topic: 'soaked', read: [0, 1, 2], pauseMs: 20 })
    const roundMs = minutes() > 0 ? LONG_ROUND_MS : SHORT_ROUND_MS
    const rounds = Math.max(faults.length, Math.ceil((minutes() * 60_000) / roundMs))
    const memoryMb: number[] = []
    for (let round = 0; round < rounds; round++) {
      const [name, cause] = faults[round % faults.length]
      const end = Date.now() + roundMs
      await cause()
      await cluster.operator.untilInSync()
      await sleep(Math.max(0, end - Date.now()))
      memoryMb.push(gateway.memoryMb().now)
      t.diagnostic(`${name}: ${trial.writers.acknowledged} acknowledged so far, ${memoryMb.at(-1)} MB`)
    }
    // A request that a black hole or a reset swallowed may be of unknown fate, one a writer.
    await trial.judge(t, rounds)
    const half = Math.floor(memoryMb.length / 2)
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    const growthMb = mean(memoryMb.slice(half)) - mean(memoryMb.slice(0, half))
    t.diagnostic(`memory from the first half to the second: ${growthMb.toFixed(1)} MB`)
    assert.ok(growthMb < 60, `grew by ${growthMb} MB`)
  })
})
