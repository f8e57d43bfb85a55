import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/dev/kafka/free-port.ts'
import { minutes } from './support/minutes.ts'
import { read, slopeOf, type Reading } from './support/readings.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

/** Of a round: a fault, and the time to get over it. */
const LONG_ROUND_MS = 60_000
const SHORT_ROUND_MS = 12_000
const FREEZE_MS = 6000

const managementPort = await freePort()

suite('A fault a minute leaves it as it was', () => {
  const stand = useStand({ relayed: true }, { management: { port: managementPort } })

  /** One after the other; each leaves the cluster whole. */
  const faults: readonly [string, () => Promise<unknown>][] = [
    [
      'kill',
      async () => {
        const leader = await stand.cluster.operator.leaderOf('soaked')
        await stand.cluster.broker(leader).kill()
        await sleep(1000)
        await stand.cluster.broker(leader).start()
      }
    ],
    ['reset', async () => stand.cluster.relays.forEach(relay => relay.reset())],
    [
      'freeze',
      async () => {
        const leader = await stand.cluster.operator.leaderOf('soaked')
        stand.cluster.broker(leader).freeze()
        await sleep(FREEZE_MS)
        stand.cluster.broker(leader).thaw()
      }
    ],
    ['move', () => stand.cluster.operator.reassign('soaked', 0, [3, 2, 1])],
    [
      'black hole',
      async () => {
        const relay = stand.cluster.relay(await stand.cluster.operator.leaderOf('soaked'))
        relay.hold()
        await sleep(3000)
        relay.flow()
      }
    ],
    [
      'restart',
      async () => {
        await stand.cluster.broker(1).stop()
        await stand.cluster.broker(1).start()
      }
    ]
  ]

  test('mixed load through faults of every kind: nothing lost, nothing twice, memory flat', async t => {
    await stand.cluster.operator.createTopic('soaked', 6)
    const trial = new Trial({ ...stand, topic: 'soaked', read: [0, 1, 2], pauseMs: 20 })
    const roundMs = minutes() > 0 ? LONG_ROUND_MS : SHORT_ROUND_MS
    const rounds = Math.max(faults.length, Math.ceil((minutes() * 60_000) / roundMs))
    const readings: Reading[] = []
    for (let round = 0; round < rounds; round++) {
      const [name, cause] = faults[round % faults.length]
      const end = Date.now() + roundMs
      await cause()
      await stand.cluster.operator.untilInSync()
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
