import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { minutes } from './support/minutes.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

const DELIVERY_TIMEOUT_MS = 4000
const LEADER = 1

suite('A batch given up comes too late', () => {
  const stand = useStand(
    { relayed: true },
    {
      limits: { requestTimeoutMs: 2000 },
      kafka: { requestTimeoutMs: 3000, connectTimeoutMs: 1000, deliveryTimeoutMs: DELIVERY_TIMEOUT_MS }
    }
  )

  test('after the delivery time-out new records are stored, and late copies of the old ones are not', async t => {
    await stand.cluster.operator.createTopic('given-up', [
      [LEADER, 2, 3],
      [LEADER, 3, 2]
    ])
    const relay = stand.cluster.relay(LEADER)
    const trial = new Trial({ ...stand, topic: 'given-up', read: [0] })
    await sleep(1000)
    let faults = 0
    for (const end = Date.now() + minutes() * 60_000; faults === 0 || Date.now() < end; faults++) {
      // Answers pass: what Kafka has is known to be stored, and what is held is what is given up.
      relay.hold({ answers: false })
      await sleep(DELIVERY_TIMEOUT_MS + 3000)
      const before = trial.writers.acknowledged
      relay.flowForNew()
      while (trial.writers.acknowledged < before + 500) await sleep(50)
      relay.flow()
      await sleep(1500)
    }
    // A writer whose request was answered as unknown sends the next into the same silence, and so on until it ends.
    const { ambiguous, ambiguousFound, answers } = await trial.judge(t, 3 * faults)
    assert.ok(ambiguous > 0, 'batches were given up')
    assert.equal(ambiguousFound, 0, 'what came after its successors was refused')
    assert.equal(answers.get(0), undefined, 'every request is answered')
  })
})
