import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alone } from '../support/alone.ts'
import { minutes } from './support/minutes.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

await alone()

suite('A killed leader costs no record', () => {
  const stand = useStand()

  test('kill -9 of the leader under load: what was acknowledged is there, once, in order; readers miss nothing', async t => {
    const { operator } = stand.cluster
    await operator.createTopic('killed', 3)
    const trial = new Trial({ ...stand, topic: 'killed', read: [0, 1] })
    await sleep(1500)
    let kills = 0
    for (const end = Date.now() + minutes() * 60_000; kills === 0 || Date.now() < end; kills++) {
      const leader = await operator.leaderOf('killed')
      await stand.cluster.broker(leader).kill()
      await operator.untilLeader('killed', now => now >= 0 && now !== leader)
      await sleep(1500)
      await stand.cluster.broker(leader).start()
      await operator.untilInSync()
    }
    const { longestStallMs } = await trial.judge(t, kills)
    assert.ok(longestStallMs < 15_000, 'the gateway is back soon after Kafka has a new leader')
  })
})
