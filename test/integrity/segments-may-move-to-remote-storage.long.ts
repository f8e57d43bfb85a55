import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { minutes } from './support/minutes.ts'
import { Reader } from './support/readers.ts'
import { useStand } from './support/stand.ts'
import { MAX_RATE, MAX_WAIT, tieredStorage, TIERED_TOPIC, UNLIMITED } from './support/tiered-storage.ts'
import { Trial } from './support/trial.ts'

const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-tiered-'))
const properties = await tieredStorage(folder)

suite('Segments may move to remote storage', () => {
  const stand = useStand({ brokers: 1, properties })
  after(() => rmSync(folder, { recursive: true, force: true }))

  test('segments move away under writers and readers, limits come and go, and nobody misses a record', async t => {
    const { operator } = stand.cluster
    await operator.createTopic('mixed', 1, TIERED_TOPIC)
    const limit = (name: string, value: string) => operator.configureBroker(1, name, value)
    const trial = new Trial({ ...stand, topic: 'mixed', read: [0], padding: '-'.repeat(2000) })
    while ((await operator.localStart('mixed', 0)) === 0) await sleep(100)
    const late = new Reader(stand.gateway, 'mixed', 0)
    const end = performance.now() + minutes() * 60_000
    do {
      await limit(MAX_WAIT, '1')
      await sleep(2000)
      await limit(MAX_RATE, '1000000')
      await sleep(2000)
      await limit(MAX_WAIT, '500')
      await limit(MAX_RATE, UNLIMITED)
      await sleep(1000)
    } while (performance.now() < end)
    await trial.judge(t, 0)
    await late.readTo(trial.readers[0].seen.length)
    assert.deepEqual(late.seen, trial.readers[0].seen)
  })
})
