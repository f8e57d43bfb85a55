import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/dev/kafka/free-port.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { FaultCluster } from './support/cluster.ts'
import { minutes } from './support/minutes.ts'
import { read, slopeOf, type Reading } from './support/readings.ts'
import { Trial } from './support/trial.ts'

/** Of a round: a fault, and the time to get over it. */
const LONG_ROUND_MS = 60_000
const SHORT_ROUND_MS = 12_000
const FREEZE_MS = 6000

suite('A fault a minute leaves it as it was', () => {
  let cluster: FaultCluster
  let gateway: GatewayProcess
  let managementPort: number
  before(async () => {
    cluster = await FaultCluster.start({ relayed: true })
    managementPort = await freePort()
    const settings = { management: { port: managementPort } }
    gateway = await GatewayProcess.start({ bootstrapServers: cluster.bootstrapServers, settings })
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
    const readings: Reading[] = []
    for (let round = 0; round < rounds; round++) {
      const [name, cause] = faults[round % faults.length]
      const end = Date.now() + roundMs
      await cause()
      await cluster.operator.untilInSync()
      await sleep(Math.max(0, end - Date.now()))
      const reading = await read(managementPort)
      readings.push(reading)
      t.diagnostic(`${name}: ${trial.writers.acknowledged} acknowledged so far, ${JSON.stringify(reading)}`)
    }
    // A request that a black hole or a reset swallowed may be of unknown fate, one a writer.
    await trial.judge(t, rounds)
    // The first rounds warm up: code is compiled, connections are made, buffers are kept.
    const settled = readings.slice(Math.floor(readings.length / 3))
    const slopes = (['residentMb', 'heapMb', 'resources', 'connections'] as const).map(
      member => [member, slopeOf(settled.map(reading => reading[member]))] as const
    )
    t.diagnostic(`growth a round: ${slopes.map(([member, slope]) => `${member} ${slope.toFixed(2)}`).join(', ')}`)
    const slope = new Map<string, number>(slopes)
    // A leak of a request's worth would show: thousands pass in a round.
    assert.ok((slope.get('residentMb') ?? 0) < 12, 'resident memory stays')
    assert.ok((slope.get('heapMb') ?? 0) < 12, 'the heap stays')
    assert.ok((slope.get('resources') ?? 0) < 5, 'handles and timers stay')
    assert.ok((slope.get('connections') ?? 0) < 2, 'connections stay')
  })
})
