import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { GatewayProcess } from '../support/gateway-process.ts'
import { Client } from './support/client.ts'
import { FaultCluster } from './support/cluster.ts'
import { minutes } from './support/minutes.ts'
import { Trial } from './support/trial.ts'

const LIMIT_BYTES = 10_000
const DEFAULT_LIMIT_BYTES = 1_048_588
/** What a record batch holds beside the value of its only record, whose key is one byte and whose lengths take three. */
const AROUND_VALUE_BYTES = 73
const WRITER = 100

suite('A large record fails alone', () => {
  let cluster: FaultCluster
  before(async () => (cluster = await FaultCluster.start()))
  after(() => cluster.close())

  const start = async (t: { after(fn: () => unknown): void }, compression: string) => {
    const gateway = await GatewayProcess.start({
      bootstrapServers: cluster.bootstrapServers,
      settings: { kafka: { compression } }
    })
    t.after(() => gateway.stop())
    return gateway
  }

  for (const compression of ['none', 'lz4']) {
    test(`compression ${compression}: its neighbours, and other callers in the same batch, are stored once and in order`, async t => {
      const topic = `large-${compression}`
      await cluster.operator.createTopic(topic, 1, { 'max.message.bytes': String(LIMIT_BYTES) })
      const gateway = await start(t, compression)
      const trial = new Trial({ cluster, gateway, topic, read: [0] })
      const client = new Client(gateway)
      t.after(() => client.close())
      const fits = LIMIT_BYTES - AROUND_VALUE_BYTES - (compression === 'none' ? 0 : 500)
      let requests = 0
      for (const end = Date.now() + Math.max(5000, minutes() * 30_000); Date.now() < end; requests++) {
        const values = [10, LIMIT_BYTES, 20, fits, fits, 2 * LIMIT_BYTES, 30].map((bytes, at) =>
          unique(`${WRITER}/${requests}/${at}/`, bytes)
        )
        const records = values.map(value => ({ key: 'k', value }))
        const { status, json, headers, tookMs } = await client.request(
          'POST',
          `/v1/producer/topics/${topic}`,
          JSON.stringify({ records })
        )
        assert.deepEqual([status, json.code, json.retriable], [413, 'RECORD_TOO_LARGE', false])
        assert.equal(headers['retry-after'], undefined)
        const fates = json.offsets as { offset?: number; code?: string; stored?: string; retriable?: boolean }[]
        for (const [at, { offset, code, stored, retriable }] of fates.entries()) {
          const large = at === 1 || at === 5
          const expected = large ? ['RECORD_TOO_LARGE', 'no', false] : [undefined, undefined, undefined]
          assert.deepEqual([code, stored, retriable], expected, `record ${at}`)
          trial.writers.ledger.entries.push({
            value: values[at],
            key: 'k',
            writer: WRITER,
            request: requests,
            fate: large ? 'no' : 'stored',
            partition: large ? -1 : 0,
            offset: offset ?? -1,
            sentAtMs: performance.now() - tookMs,
            answeredAtMs: performance.now()
          })
        }
      }
      assert.ok(requests > 10, `${requests} requests with records that are too large`)
      const { answers } = await trial.judge(t, 0)
      assert.deepEqual([...answers.keys()], [200], 'nobody else is told of it')
    })
  }

  test('the limit is exact, for a topic with its own and one with the default', async t => {
    const gateway = await start(t, 'none')
    const client = new Client(gateway)
    t.after(() => client.close())
    for (const [topic, limitBytes, settings] of [
      ['own-limit', LIMIT_BYTES, { 'max.message.bytes': String(LIMIT_BYTES) }],
      ['default-limit', DEFAULT_LIMIT_BYTES, {}]
    ] as const) {
      await cluster.operator.createTopic(topic, 1, settings)
      const valueBytes = limitBytes - AROUND_VALUE_BYTES
      const produce = (values: readonly string[]) =>
        client.request(
          'POST',
          `/v1/producer/topics/${topic}`,
          JSON.stringify({ records: values.map(value => ({ key: 'k', value })) })
        )
      assert.equal((await produce([unique('at', valueBytes)])).status, 200)
      const over = await produce([unique('over', valueBytes + 1)])
      assert.deepEqual([over.status, over.json.code], [413, 'RECORD_TOO_LARGE'])
      const { json } = await produce([
        unique('at', valueBytes),
        unique('over', valueBytes + 1),
        unique('at', valueBytes)
      ])
      assert.deepEqual(
        json.offsets.map(({ offset, code }: { offset?: number; code?: string }) => offset ?? code),
        [1, 'RECORD_TOO_LARGE', 2]
      )
      assert.equal((await cluster.operator.dump(topic)).length, 3)
    }
  })
})

/** Text of so many bytes that no codec makes much smaller. */
function unique(name: string, bytes: number): string {
  return (name + randomBytes(bytes).toString('base64url')).slice(0, Math.max(bytes, name.length))
}
