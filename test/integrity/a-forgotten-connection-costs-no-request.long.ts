import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { minutes } from './support/minutes.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

/** Longer than an HTTP request may take, and than the gateway's own limit for an answer of a broker. */
const SILENCE_MS = 12_000
/** A connection is suspected after 2 s; this leaves the same for the rest. */
const LONGEST_MS = 4000

suite('A forgotten connection costs no request', () => {
  const stand = useStand({ relayed: true })

  test('all connections lead nowhere for 12 s, as behind a firewall that forgot them, while new ones work', async t => {
    await stand.cluster.operator.createTopic('forgotten', 6)
    const relays = [...stand.cluster.relays.values()]
    const trial = new Trial({ ...stand, topic: 'forgotten', read: [0, 1] })
    await sleep(1000)
    for (const end = Date.now() + minutes() * 60_000; ;) {
      for (const relay of relays) {
        relay.hold()
        relay.flowForNew()
      }
      await sleep(SILENCE_MS)
      if (Date.now() >= end) break
    }
    const { longestMs } = trial.writers.ledger
    const { answers } = await trial.judge(t, 0)
    assert.deepEqual([...answers.keys()], [200])
    assert.ok(longestMs < LONGEST_MS, `the longest request took ${Math.round(longestMs)} ms`)
  })
})
