import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from './support/client.ts'
import { minutes } from './support/minutes.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

const LEADER = 1
const FOLLOWER = 2
/** Until then batches may wait for the follower that was to confirm them, and others behind them. */
const TOLD_LIMIT_MS = 15_000

suite('Too few replicas are told', () => {
  const stand = useStand({}, { limits: { requestTimeoutMs: 4000 } })

  test('a frozen and a killed follower of two replicas: refused as retriable, nothing of it stored, and back with the broker', async t => {
    const { operator } = stand.cluster
    await operator.createTopic('few', [[LEADER, FOLLOWER]])
    // Of its own, as what becomes of a probe is judged here and not by the trial.
    await operator.createTopic('probes', [[LEADER, FOLLOWER]])
    const trial = new Trial({ ...stand, topic: 'few', read: [0] })
    const client = new Client(stand.gateway)
    t.after(() => client.close())
    const alone = async () => {
      try {
        const partitions = [await operator.describe('few'), await operator.describe('probes')].flat()
        return partitions.every(({ inSync }) => inSync.length === 1)
      } catch {
        return false
      }
    }
    let unknown = 0
    const untilTold = async () => {
      for (const end = Date.now() + TOLD_LIMIT_MS; ;) {
        const body = JSON.stringify({ records: [{ key: 'probe', value: null }] })
        const { status, json, headers } = await client.request('POST', '/v1/producer/topics/probes', body)
        const [{ stored }] = json.offsets
        t.diagnostic(`probe: ${status} ${json.code}, stored: ${stored}`)
        if (stored === 'unknown') unknown++
        assert.deepEqual([status, json.retriable, stored], status === 503 ? [503, true, 'no'] : [504, false, 'unknown'])
        assert.equal(headers['retry-after'] !== undefined, status === 503)
        if (json.code === 'NOT_ENOUGH_REPLICAS') return
        assert.ok(Date.now() < end, `still ${json.code}`)
      }
    }
    await sleep(1000)
    let faults = 0
    for (const end = Date.now() + minutes() * 60_000; faults === 0 || Date.now() < end;) {
      const broker = stand.cluster.broker(FOLLOWER)
      // What was appended waits for the follower: whether it is stored is not known until it is sent again.
      broker.freeze()
      while (!(await alone())) await sleep(100)
      await untilTold()
      broker.thaw()
      await operator.untilInSync()
      await sleep(1000)
      await broker.kill()
      while (!(await alone())) await sleep(100)
      await untilTold()
      await broker.start()
      await operator.untilInSync()
      await sleep(1000)
      faults += 2
    }
    const { answers, refused } = await trial.judge(t, faults)
    const probes = await operator.dump('probes')
    assert.ok(probes.length <= unknown, `${probes.length} probes are stored, ${unknown} may be`)
    assert.ok((answers.get(503) ?? 0) > 0 && refused > 0, 'callers were refused')
    assert.equal(answers.get(0), undefined, 'every request is answered')
  })
})
