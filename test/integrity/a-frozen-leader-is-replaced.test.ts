import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alone } from '../support/alone.ts'
import { minutes } from './support/minutes.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

await alone()

/** Longer than a request may take, and than Kafka waits for a broker here. */
const SHORT_FREEZE_MS = 10_000
const LONG_FREEZE_MS = 20_000

suite('A frozen leader is replaced', () => {
  const stand = useStand()

  test('SIGSTOP of the leader under load, and SIGCONT: its late answers and copies store nothing twice', async t => {
    const { operator } = stand.cluster
    await operator.createTopic('frozen', 3)
    const trial = new Trial({ ...stand, topic: 'frozen', read: [0, 1] })
    await sleep(1500)
    let freezes = 0
    for (const end = Date.now() + minutes() * 60_000; freezes === 0 || Date.now() < end; freezes++) {
      const leader = await operator.leaderOf('frozen')
      stand.cluster.broker(leader).freeze()
      await sleep(minutes() > 0 ? LONG_FREEZE_MS : SHORT_FREEZE_MS)
      stand.cluster.broker(leader).thaw()
      await sleep(1500)
      await operator.untilInSync()
    }
    const { answers } = await trial.judge(t, freezes)
    assert.equal(answers.get(0), undefined, 'every request is answered')
  })
})
