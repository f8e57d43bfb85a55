import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { minutes } from './support/minutes.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

suite('A wiped broker comes back', () => {
  const stand = useStand()

  test('its disk lost, it replicates under load and leads again: every record is there once', async t => {
    const { operator } = stand.cluster
    await operator.createTopic('wiped', [
      [1, 2, 3],
      [2, 3, 1],
      [3, 1, 2]
    ])
    const trial = new Trial({ ...stand, topic: 'wiped', read: [0, 1, 2] })
    await sleep(1500)
    let wiped = 0
    for (const end = Date.now() + minutes() * 60_000; wiped === 0 || Date.now() < end; wiped++) {
      const id = 1 + (wiped % 3)
      await stand.cluster.broker(id).kill()
      stand.cluster.wipe(id)
      await sleep(1500)
      await stand.cluster.broker(id).start()
      await operator.untilInSync()
      await operator.electPreferred('wiped', id - 1)
      await sleep(2000)
      assert.equal(await operator.leaderOf('wiped', id - 1), id, 'the wiped broker leads again')
    }
    const { answers } = await trial.judge(t, wiped)
    assert.equal(answers.get(0), undefined, 'every request is answered')
  })
})
