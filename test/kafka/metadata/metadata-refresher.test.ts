import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../src/core/deadline.ts'
import type { KafkaIdentity } from '../../../src/core/kafka-identity.ts'
import type { KafkaFailure } from '../../../src/kafka/kafka-failure.ts'
import { MetadataCache } from '../../../src/kafka/metadata/metadata-cache.ts'
import { MetadataRefresher } from '../../../src/kafka/metadata/metadata-refresher.ts'
import { Brokers } from '../../../src/kafka/transport/brokers.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import { kafkaConfig, silent, type ScriptedBroker } from '../transport/scripted-broker.ts'
import { partition, startCluster, type View } from './scripted-cluster.ts'

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 15_000; !condition(); await sleep(10))
    if (Date.now() > end) throw new Error('The condition did not come true')
}

suite('MetadataRefresher', { concurrency: true }, () => {
  test('starts without Kafka, complains once, and is ready by itself when Kafka is there', async t => {
    const { scripted, brokers } = await startCluster(t, 1)
    await scripted[0].close()
    const logged: string[] = []
    const log = {
      ...silent,
      warn: (_: object, text: string) => logged.push(text),
      info: (_: object, text: string) => logged.push(text)
    }
    const refresher = new MetadataRefresher(new MetadataCache(brokers, silent), brokers, 30_000, log)
    t.after(() => refresher.close())
    await refresher.start()
    assert.deepEqual([refresher.ready, logged], [false, ['Kafka cannot be reached']])
    await scripted[0].listen()
    await until(() => refresher.ready && logged.length > 1)
    assert.deepEqual(logged, ['Kafka cannot be reached', 'Kafka answers again'])
  })

  test('keeps topics fresh without being asked, and stops when closed', async t => {
    const { views, brokers } = await startCluster(t, 1)
    const cache = new MetadataCache(brokers, silent)
    const refresher = new MetadataRefresher(cache, brokers, 50, silent)
    await refresher.start()
    assert.equal(refresher.ready, true)
    views[0].topics.set('a', { partitions: [partition(0, 1)] })
    await cache.topic('a', Deadline.after(2000))
    views[0].topics.set('a', { partitions: [partition(0, 2, 1)] })
    await until(() => cache.peek('a')?.partitions[0].leader === 2)
    refresher.close()
    await sleep(20)
    const asked = views[0].asked.length
    await sleep(200)
    assert.equal(views[0].asked.length, asked)
  })

  test('is not ready while brokers cannot be reached at the address that they advertise, and says which', async t => {
    const { scripted, views, brokers, refresher, logged } = await startOutside(t)
    const right = views[0].brokers
    views[0].brokers = [{ id: 7, host: 'kafka-7.invalid', port: 9092, rack: null }]
    await refresher.start()
    assert.equal(refresher.ready, false)
    assert.match(refresher.trouble ?? '', /at the address that it advertises/)
    assert.equal(brokers.nodes.size, 1)
    await sleep(2500)
    const own = logged.filter(({ text }) => text.includes('broker 7'))
    assert.equal(own.length, 1, 'once, however often it is tried')
    assert.match(
      own[0].text,
      new RegExp(
        `^Cannot reach broker 7 at kafka-7\\.invalid:9092 \\(from the metadata of ${scripted[0].address}\\): .*Check advertised\\.listeners`
      )
    )
    views[0].brokers = right
    await until(() => refresher.ready)
    assert.equal(refresher.trouble, undefined)
  })

  test('once no broker has answered for five seconds requests are refused at once; the first answer ends that', async t => {
    const { scripted, refresher } = await startOutside(t)
    await scripted[0].close()
    const startedMs = performance.now()
    void refresher.start()
    assert.ok(refresher.outage === undefined, 'it may come up any moment')
    let outage: KafkaFailure | undefined
    await until(() => (outage = refresher.outage) !== undefined)
    const tookMs = performance.now() - startedMs
    assert.ok(tookMs >= 4990 && tookMs < 7000, `${tookMs} ms`)
    assert.deepEqual([outage?.kind, outage?.retriable, outage?.retryAfterMs], ['unreachable', true, 0])
    await scripted[0].listen()
    const backMs = performance.now()
    await until(() => refresher.outage === undefined)
    assert.ok(performance.now() - backMs < 2500, 'a probe a second goes on')
  })

  test('a Kafka that is killed is noticed and logged within three seconds', async t => {
    const { scripted, refresher, logged } = await startOutside(t)
    await refresher.start()
    assert.equal(refresher.ready, true)
    const killedMs = performance.now()
    await scripted[0].close()
    await until(() => !refresher.ready)
    assert.ok(performance.now() - killedMs < 3000, `${performance.now() - killedMs} ms`)
    assert.ok(logged.some(({ text }) => text === 'Kafka cannot be reached'))
    await scripted[0].listen()
    await until(() => refresher.ready && logged.some(({ text }) => text === 'Kafka answers again'))
  })
})

suite('Credentials that Kafka refuses', () => {
  test('are told as that, tried after 1 s, 2 s and so on by one connection at a time, and refuse requests at once', async t => {
    const { scripted, brokers, refresher, logged } = await startOutside(t, SASL)
    const account = lock(scripted[0])
    await refresher.start()
    const lanes = (['produce', 'fetch', 'admin'] as const).map(lane => brokers.channel(1, lane))
    for (const end = Date.now() + 10_000; account.atMs.length < 2; await sleep(20)) {
      assert.ok(Date.now() < end)
      for (const lane of lanes) await assert.rejects(lane.connect(), { sent: false })
    }
    assert.equal(refresher.ready, false)
    const { outage } = refresher
    assert.equal(outage?.message, "Kafka refuses the gateway's credentials.")
    assert.deepEqual([outage?.kind, outage?.retriable], ['unreachable', true])
    assert.ok(Number(outage?.retryAfterMs) >= 0)
    assert.match(refresher.trouble ?? '', /^Credentials are refused between the gateway and Kafka/)
    assert.ok(logged.some(({ text }) => text.includes('Authentication failed: locked')))
    const texts = logged.map(({ text }) => text)
    assert.ok(texts.includes("Kafka refuses the gateway's credentials"))
    assert.ok(texts.some(text => /Check kafka\.sasl and kafka\.tls/.test(text)))
    assert.ok(!texts.includes('Kafka cannot be reached'), String(texts))
    account.locked = false
    await until(() => refresher.ready)
    const [first, second, third, ...more] = account.atMs
    assert.ok(second - first > 750 && third - second > 1500, String(account.atMs))
    assert.ok(more.length <= 2, 'one connection succeeds, then the others')
    assert.equal(refresher.outage, undefined)
  })
})

const SASL: KafkaIdentity = { sasl: { mechanism: 'PLAIN', username: 'u', password: 'p' } }

interface Outside {
  readonly scripted: readonly ScriptedBroker[]
  readonly views: readonly View[]
  readonly brokers: Brokers
  readonly refresher: MetadataRefresher
  readonly logged: { fields: object; text: string }[]
}

/** A cluster of which nothing is known yet but a bootstrap address. */
async function startOutside(t: TestContext, identity: KafkaIdentity = {}): Promise<Outside> {
  const { scripted, views } = await startCluster(t, 1)
  const logged: Outside['logged'] = []
  const keep = (fields: object, text: string) => void logged.push({ fields, text })
  const log = { ...silent, warn: keep, info: keep }
  const brokers = new Brokers(kafkaConfig([scripted[0].address]), identity, log)
  if (identity.sasl !== undefined) brokers.update(new Map(views[0].brokers.map(node => [node.id, node])), 'the test')
  const refresher = new MetadataRefresher(new MetadataCache(brokers, log), brokers, 30_000, log)
  t.after(async () => {
    refresher.close()
    await brokers.close()
  })
  return { scripted, views, brokers, refresher, logged }
}

/** Makes the broker ask for SASL, and refuse every password until the account is unlocked. */
function lock(broker: ScriptedBroker): { readonly atMs: number[]; locked: boolean } {
  const account = { atMs: [] as number[], locked: true }
  const mechanisms = new WireWriter(false).int16(0).arrayLength(1).string('PLAIN').finish()
  broker.apis.set(17, { max: 1, flexibleSince: Infinity, serve: request => request.answer(mechanisms) })
  broker.apis.set(36, {
    max: 2,
    flexibleSince: 2,
    serve: request => {
      account.atMs.push(performance.now())
      const refusal = account.locked ? 58 : 0
      const reason = account.locked ? 'Authentication failed: locked' : null
      const writer = new WireWriter(true).int16(refusal).string(reason).bytes(Buffer.alloc(0)).int64(0n).noTags()
      request.answer(writer.finish())
    }
  })
  return account
}
