import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { minutes } from './support/minutes.ts'
import type { Relay } from './support/relay.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

/** Shorter than an HTTP request may take: whoever waits through it gets his answer all the same. */
const SILENCE_MS = 3000

suite('Broken connections cost no record', () => {
  const stand = useStand({ relayed: true })

  test('connections reset, half closed, held, delayed and refused under load: no request fails', async t => {
    await stand.cluster.operator.createTopic('broken', 6)
    const relays = [...stand.cluster.relays.values()]
    const trial = new Trial({ ...stand, topic: 'broken', read: [0, 1] })
    await sleep(1000)
    for (const end = Date.now() + minutes() * 60_000; ;) {
      await everyFault(relays)
      if (Date.now() >= end) break
    }
    const { answers } = await trial.judge(t, 0)
    assert.deepEqual([...answers.keys()], [200])
  })
})

async function everyFault(relays: readonly Relay[]): Promise<void> {
  for (let round = 0; round < 10; round++) {
    for (const relay of relays) relay.reset()
    await sleep(150 + 30 * round)
  }
  for (const relay of relays) {
    relay.halfClose()
    await sleep(300)
  }
  for (const relay of relays) {
    relay.refuse()
    relay.reset()
    await sleep(1000)
    relay.flowForNew()
    await sleep(300)
  }
  for (const relay of relays) relay.refuse()
  for (const relay of relays) relay.reset()
  await sleep(1500)
  for (const relay of relays) relay.flowForNew()
  await sleep(1500)
  // The answers were on their way: each batch in flight is stored, and nobody was told.
  for (const relay of relays) {
    relay.hold()
    await sleep(SILENCE_MS)
    relay.reset()
    relay.flowForNew()
    await sleep(300)
  }
  relays[0].hold()
  await sleep(SILENCE_MS)
  relays[0].flow()
  for (const relay of relays) relay.delay(40)
  await sleep(1000)
  for (const relay of relays) relay.reset()
  await sleep(1500)
  for (const relay of relays) relay.delay(0)
}
