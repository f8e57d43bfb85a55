import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alone } from '../support/alone.ts'
import { minutes } from './support/minutes.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

await alone()

suite('A rolling restart costs no record', () => {
  const stand = useStand()

  test('every broker stopped in order and started again, one after the other, under load: no request fails', async t => {
    await stand.cluster.operator.createTopic('rolled', 6)
    const trial = new Trial({ ...stand, topic: 'rolled', read: [0, 1] })
    await sleep(1000)
    for (const end = Date.now() + minutes() * 60_000; ;) {
      await stand.cluster.roll()
      if (Date.now() >= end) break
    }
    const { answers } = await trial.judge(t, 0)
    assert.deepEqual([...answers.keys()], [200])
  })
})
