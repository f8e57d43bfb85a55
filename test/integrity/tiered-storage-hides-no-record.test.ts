import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { alone } from '../support/alone.ts'
import { Client } from './support/client.ts'
import { Reader } from './support/readers.ts'
import { useStand } from './support/stand.ts'
import { MAX_RATE, MAX_WAIT, tieredStorage, TIERED_TOPIC, UNLIMITED } from './support/tiered-storage.ts'

await alone()

const RECORDS = 400
const PER_REQUEST = 50
const VALUE_BYTES = 20_000
const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-tiered-'))
const properties = await tieredStorage(folder)

suite('Tiered storage hides no record', () => {
  // Short, because what does not come is waited for that long.
  const stand = useStand({ brokers: 1, properties }, { limits: { requestTimeoutMs: 3000 } })
  after(() => rmSync(folder, { recursive: true, force: true }))
  const limit = (name: string, value: string) => stand.cluster.operator.configureBroker(1, name, value)

  /** A topic most of whose records are in remote storage only; returns where those on the broker begin. */
  async function filled(topic: string): Promise<number> {
    const { operator } = stand.cluster
    await operator.createTopic(topic, 1, TIERED_TOPIC)
    const client = new Client(stand.gateway)
    for (let from = 0; from < RECORDS; from += PER_REQUEST) {
      const records = Array.from({ length: PER_REQUEST }, (_, at) => ({ value: valueOf(from + at), partition: 0 }))
      const { status } = await client.request('POST', `/v1/producer/topics/${topic}`, JSON.stringify({ records }))
      assert.equal(status, 200)
    }
    client.close()
    for (;;) {
      const start = await operator.localStart(topic, 0)
      if (start > RECORDS / 2) return start
      await sleep(100)
    }
  }

  test('remote reads that take longer than their limit are tried again, and every record comes once', async t => {
    const localStart = await filled('slow')
    await limit(MAX_WAIT, '1')
    const reader = new Reader(stand.gateway, 'slow', 0)
    await reader.readTo(RECORDS)
    await limit(MAX_WAIT, '500')
    t.diagnostic(`local from ${localStart}; longest wait for a page ${Math.round(reader.longestStallMs)} ms`)
    assert.deepEqual(
      reader.seen,
      Array.from({ length: RECORDS }, (_, offset) => ({ offset, value: valueOf(offset) }))
    )
    assert.deepEqual(reader.surprises, [])
  })

  test('records that a quota keeps in remote storage are told as 504 where the reader stands, and come when it allows', async () => {
    const localStart = await filled('throttled')
    const client = new Client(stand.gateway)
    const read = (offset: number) =>
      client.request('GET', `/v1/consumer/topics/throttled/partitions/0/offsets/${offset}`)
    await limit(MAX_RATE, '1')
    let offset = 0
    let answer = await read(offset)
    // Kafka judges by what was read before.
    for (; answer.status === 200; answer = await read(offset)) {
      assert.equal(answer.json.records[0].offset, offset++)
      assert.ok(offset < localStart)
    }
    const { status, headers, json } = answer
    assert.deepEqual([status, json.code, json.retriable], [504, 'DEADLINE_EXCEEDED', true])
    assert.equal(headers.nextoffset, String(offset))
    const newest = await read(RECORDS - 1)
    assert.deepEqual([newest.status, newest.json.records?.[0].offset], [200, RECORDS - 1], 'it is on the broker')
    await limit(MAX_RATE, UNLIMITED)
    const later = await read(offset)
    assert.deepEqual(
      [later.status, later.json.records?.[0].offset],
      [200, offset],
      JSON.stringify(later.json).slice(0, 300)
    )
    client.close()
  })
})

function valueOf(offset: number): string {
  return `${offset} `.padEnd(VALUE_BYTES, '-')
}
