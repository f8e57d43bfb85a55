import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Entry } from './support/ledger.ts'
import { minutes } from './support/minutes.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

suite('A re-created topic takes new records only', () => {
  const stand = useStand()

  test('deleted and created again under load, by somebody else: no batch of the old topic is in the new one', async t => {
    const { operator } = stand.cluster
    await operator.createTopic('again', 3)
    const expected = ['TOPIC_NOT_FOUND', 'TOPIC_RECREATED']
    const trial = new Trial({ ...stand, topic: 'again', expected, count: 12 })
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
