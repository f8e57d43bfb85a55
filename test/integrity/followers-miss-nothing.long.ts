import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alone } from '../support/alone.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { checkReader } from './support/checker.ts'
import { Followers } from './support/followers.ts'
import type { Entry } from './support/ledger.ts'
import { minutes } from './support/minutes.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

await alone()

const PARTITIONS = 3
const FOLLOWERS = 200
const MANY = 2000
const FREEZE_MS = 10_000
/** So slowly that thousands of followers can be served, and their test beside them, on two cores. */
const SLOWLY = { count: 4, kinds: [{ keyed: true, recordsPerRequest: 1 }], pauseMs: 300 }

const limits = { streams: 2 * MANY, connections: 4 * MANY }

suite('Followers miss nothing', () => {
  const stand = useStand()

  /** Has a topic written and followed while `fault` happens to it, again and again for the minutes of the long form. */
  async function followed(
    t: TestContext,
    { topic, count, writers = {} }: { topic: string; count: number; writers?: object },
    fault: (gateways: { following: GatewayProcess }, followers: Followers) => Promise<unknown>,
    begins: ReadonlyMap<number, number> = new Map()
  ): Promise<void> {
    const { cluster } = stand
    const { operator, bootstrapServers } = cluster
    const begin = () => GatewayProcess.start({ bootstrapServers, settings: { limits } })
    await operator.createTopic(topic, PARTITIONS)
    const gateways = { following: await begin() }
    let followers: Followers | undefined
    const trial = new Trial({ ...stand, topic, ...writers })
    try {
      followers = await Followers.start(() => gateways.following, topic, count)
      await sleep(1500)
      let faults = 0
      for (const end = Date.now() + minutes() * 60_000; faults === 0 || Date.now() < end; faults++) {
        await fault(gateways, followers)
        await operator.untilInSync()
      }
      await sleep(1500)
      const isThere = ({ partition, offset }: { partition: number; offset: number }) =>
        offset >= (begins.get(partition) ?? 0)
      const entry = (told: Entry) => (told.fate === 'stored' && !isThere(told) ? null : told)
      await trial.judge(t, faults, { entry })
      const stored = (await operator.dump(topic)).filter(isThere)
      const ends = Array.from(
        { length: PARTITIONS },
        (_, partition) => (stored.findLast(each => each.partition === partition)?.offset ?? -1) + 1
      )
      await followers.readTo(ends)
      t.diagnostic(
        `${stored.length} records, ${count} followers, ${followers.ended} streams ended, at most ${followers.mostRepeated} records of a burst repeated, ${gateways.following.memoryMb().now} MB`
      )
      const found = followers.seen.flatMap((seen, partition) =>
        checkReader(
          partition,
          seen.filter(({ offset }) => isThere({ partition, offset })),
          stored
        )
      )
      assert.deepEqual([...followers.problems, ...found], [])
    } finally {
      followers?.stop()
      await trial.writers.stop()
      await gateways.following.stop()
    }
  }

  const leaderFault = async (topic: string, act: (leader: number) => Promise<unknown>) => {
    const leader = await stand.cluster.operator.leaderOf(topic)
    await act(leader)
  }

  test('through a leader that is killed and comes back', t =>
    followed(t, { topic: 'killed', count: FOLLOWERS }, () =>
      leaderFault('killed', async leader => {
        await stand.cluster.broker(leader).kill()
        await stand.cluster.operator.untilLeader('killed', now => now >= 0 && now !== leader)
        await sleep(1500)
        await stand.cluster.broker(leader).start()
      })
    ))

  test('through a leader that is frozen and thaws', t =>
    followed(t, { topic: 'frozen', count: FOLLOWERS }, () =>
      leaderFault('frozen', async leader => {
        stand.cluster.broker(leader).freeze()
        await sleep(FREEZE_MS)
        stand.cluster.broker(leader).thaw()
        await sleep(1500)
      })
    ))

  test('through a rolling restart of all brokers', t =>
    followed(t, { topic: 'rolled', count: FOLLOWERS }, () => stand.cluster.roll()))

  test('through gateways that are stopped, and killed', t =>
    followed(t, { topic: 'restarted', count: FOLLOWERS }, async gateways => {
      const { bootstrapServers } = stand.cluster
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        const before = gateways.following
        gateways.following = await GatewayProcess.start({ bootstrapServers, settings: { limits } })
        if (signal === 'SIGKILL') before.signal(signal)
        await before.stop()
        await sleep(2000)
      }
    }))

  test('through records that are deleted behind them', t => {
    const begins = new Map<number, number>()
    const trim = async (_gateways: unknown, followers: Followers) => {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const begin = followers.lowest(partition)
        await stand.cluster.operator.trim('trimmed', partition, begin)
        begins.set(partition, begin)
      }
      await sleep(2000)
    }
    return followed(t, { topic: 'trimmed', count: FOLLOWERS }, trim, begins)
  })

  test('when there are two thousand of them, and a broker is restarted', t =>
    followed(t, { topic: 'many', count: MANY, writers: SLOWLY }, () =>
      leaderFault('many', async leader => {
        await stand.cluster.broker(leader).stop()
        await sleep(1000)
        await stand.cluster.broker(leader).start()
      })
    ))
})
