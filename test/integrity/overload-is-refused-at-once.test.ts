import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { quiet } from '../support/alone.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { sharedBroker } from '../support/gateway.ts'
import { Client, type Answer } from './support/client.ts'
import { FaultCluster } from './support/cluster.ts'
import { head, openSockets } from './support/sockets.ts'
import { createTopic, fillWithLarge, storedRecords } from './support/topics.ts'
import { wellBehaved } from './support/well-behaved.ts'

await quiet()

const MEGABYTE = 1024 * 1024
const BUDGET_BYTES = 24 * MEGABYTE
/** What the process takes with nothing to do, and what V8, TLS and buffers to be used again add under load. */
const CEILING_MB = 180 + 260
const SETTINGS = { limits: { inFlightBytes: BUDGET_BYTES } }

async function start(t: TestContext, bootstrapServers = [sharedBroker()]): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start({ bootstrapServers, settings: SETTINGS })
  t.after(() => gateway.stop())
  return gateway
}

function isRefusal({ status, headers, json }: Answer): boolean {
  if (status !== 503 || json.code !== 'OVERLOADED') return false
  assert.deepEqual([json.retriable, headers['retry-after']], [true, '1'])
  return true
}

suite('Overload is refused at once', () => {
  test('more than the budget holds: refusals come quickly, what is accepted is stored once, and all is as before after it', async t => {
    const gateway = await start(t)
    const topic = await createTopic(gateway, 'overload', 4)
    const before = await wellBehaved(gateway, topic, sleep(1000))
    const records = 1000
    const body = JSON.stringify({ records: Array.from({ length: records }, () => ({ value: 'x'.repeat(1000) })) })
    const answers: Answer[] = []
    const end = Date.now() + 3000
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        const client = new Client(gateway)
        while (Date.now() < end) answers.push(await client.request('POST', `/v1/producer/topics/${topic}`, body))
        client.close()
      })
    )
    const peak = gateway.memoryMb().peak
    const refused = answers.filter(isRefusal)
    const accepted = answers.filter(({ status }) => status === 200)
    assert.equal(refused.length + accepted.length, answers.length, 'every request is stored or refused')
    assert.ok(refused.length > 0 && accepted.length > 0)
    const small = before.statuses.length
    await sleep(1000)
    const after = await wellBehaved(gateway, topic, sleep(1000))
    assert.deepEqual([...new Set([...before.statuses, ...after.statuses])], [200])
    assert.equal(await storedRecords(gateway, topic), accepted.length * records + small + after.statuses.length)
    const longest = (some: readonly Answer[]) => Math.max(...some.map(({ tookMs }) => tookMs))
    t.diagnostic(
      `${accepted.length * records} records acknowledged and found, ${refused.length} requests refused; ` +
        `longest answer ${Math.round(longest(accepted))} ms, longest refusal ${Math.round(longest(refused))} ms; ` +
        `memory ${peak} MB at its highest, ${gateway.memoryMb().now} MB afterwards; ` +
        `a small request before ${before.medianMs.toFixed(1)} ms, after ${after.medianMs.toFixed(1)} ms`
    )
    assert.ok(peak < CEILING_MB, `${peak} MB`)
    assert.ok(longest(accepted) < 8500, 'what is accepted is answered within the request time-out')
    assert.ok(after.medianMs < before.medianMs * 5 + 20, 'it is as quick as before')
  })

  test('bodies that are being read count: half-sent ones keep new requests out until they are given up', async t => {
    const gateway = await start(t)
    const topic = await createTopic(gateway, 'overload', 1)
    const client = new Client(gateway)
    const sockets = await openSockets(gateway, 12)
    const bytes = MEGABYTE
    for (const socket of sockets) {
      const fields = ['Content-Type: application/json', `Content-Length: ${bytes}`]
      socket.write(head(gateway.token, 'POST', `/v1/producer/topics/${topic}`, ...fields) + '{"records":[')
    }
    const produce = () => client.request('POST', `/v1/producer/topics/${topic}`, '{"records":[{"value":"x"}]}')
    for (const end = Date.now() + 5000; !isRefusal(await produce()); await sleep(20)) assert.ok(Date.now() < end)
    for (const socket of sockets) socket.destroy()
    for (const end = Date.now() + 5000; (await produce()).status !== 200; await sleep(20)) assert.ok(Date.now() < end)
    client.close()
  })

  test('answers that nobody takes count: readers that stand still keep new ones out until they are gone', async t => {
    const gateway = await start(t)
    const topic = await createTopic(gateway, 'overload', 1)
    const client = new Client(gateway)
    await fillWithLarge(gateway, topic, 5)
    // Two such pages fit with room to spare, three do not: what the other readers set aside meanwhile decides nothing.
    const page = `/v1/consumer/topics/${topic}/partitions/0/offsets/0?count=5`
    const sockets = await openSockets(gateway, 12)
    // Asked again and again: the client below may be read to when they ask first, and all but one of them be refused.
    const ask = () => sockets.forEach(socket => socket.pause().write(head(gateway.token, 'GET', page)))
    ask()
    const read = () => client.request('GET', page)
    for (const end = Date.now() + 8000; !isRefusal(await read()); await sleep(20)) {
      assert.ok(Date.now() < end)
      ask()
    }
    for (const socket of sockets) socket.destroy()
    for (const end = Date.now() + 5000; (await read()).status !== 200; await sleep(20)) assert.ok(Date.now() < end)
    client.close()
  })

  test('records that Kafka does not take count: while it keeps silent new ones are refused, and it recovers by itself', async t => {
    const cluster = await FaultCluster.start({ brokers: 1, relayed: true })
    t.after(() => cluster.close())
    const gateway = await start(t, [...cluster.bootstrapServers])
    await cluster.operator.createTopic('held', 1)
    const body = JSON.stringify({ records: [{ value: 'x'.repeat(500_000) }] })
    const produce = async () => {
      const client = new Client(gateway)
      const answer = await client.request('POST', '/v1/producer/topics/held', body)
      client.close()
      return answer
    }
    assert.equal((await produce()).status, 200)
    cluster.relay(1).hold()
    const refused: Answer[] = []
    const others: Answer[] = []
    const all = Array.from({ length: 60 }, async () => {
      const answer = await produce()
      if (isRefusal(answer)) refused.push(answer)
      else others.push(answer)
    })
    for (const end = Date.now() + 5000; refused.length <= 20; await sleep(20))
      assert.ok(Date.now() < end, `${refused.length} refused long before the others time out`)
    assert.deepEqual(others, [])
    cluster.relay(1).flow()
    await Promise.all(all)
    assert.deepEqual([...new Set(others.map(({ status }) => status))], [200])
    assert.equal((await produce()).status, 200)
  })
})
