import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from './support/client.ts'
import type { Entry } from './support/ledger.ts'
import { useStand } from './support/stand.ts'
import { Trial } from './support/trial.ts'

/** The last page may have left a part of its last batch to the next. */
const KEPT_MS = 1000

suite('A trimmed log is told to its readers', () => {
  const stand = useStand()

  test('records are deleted under writers and readers: 400 names the new bounds, and reading goes on from there', async t => {
    const { operator } = stand.cluster
    await operator.createTopic('trimmed', 1)
    const trial = new Trial({ ...stand, topic: 'trimmed', read: [0] })
    const late = new Client(stand.gateway)
    const read = (offset: number) =>
      late.request('GET', `/v1/consumer/topics/trimmed/partitions/0/offsets/${offset}?count=10`)
    let begin = 0
    for (let round = 0; round < 5; round++) {
      const before = begin
      for (; begin <= before; await sleep(200)) begin = Math.floor((trial.readers[0].seen.at(-1)?.offset ?? 0) * 0.8)
      await operator.trim('trimmed', 0, begin)
      await sleep(KEPT_MS)
      const { status, json } = await read(before)
      assert.deepEqual([status, json.code, json.earliest_offset], [400, 'OFFSET_OUT_OF_RANGE', begin])
      assert.ok(json.latest_offset >= begin)
      assert.equal((await read(json.earliest_offset)).json.records[0].offset, begin)
    }
    late.close()
    const entry = (told: Entry): Entry | null => (told.fate === 'stored' && told.offset < begin ? null : told)
    await trial.judge(t, 0, { entry, begins: new Map([[0, begin]]) })
  })
})
