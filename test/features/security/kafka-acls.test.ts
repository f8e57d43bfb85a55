import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../src/core/deadline.ts'
import { noMeter } from '../../../src/core/meter.ts'
import { SPAN_STRIDE } from '../../../src/core/record-table.ts'
import { Cluster } from '../../../src/kafka/cluster.ts'
import type { ProduceFailure } from '../../../src/kafka/produce/failures.ts'
import { AUDIENCE, TestProvider } from '../../auth/provider.ts'
import { kafkaConfig, silent } from '../../kafka/transport/scripted-broker.ts'
import { alone } from '../../support/alone.ts'
import { TestGateway } from '../../support/gateway.ts'
import { AclCluster, CREATE, DESCRIBE, GROUP, PREFIXED, READ, WRITE } from './support/acl-cluster.ts'
import { callersInKafka } from './support/callers-in-kafka.ts'
import { callersInWorkers } from './support/callers-in-workers.ts'
import { expiringCaller } from './support/expiring-caller.ts'

await alone()

suite('A Kafka with ACLs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kafka-rest-gateway-acls-'))
  const provider = new TestProvider()
  let acls: AclCluster
  let gateway: TestGateway
  let secured: string

  before(async () => {
    await provider.start()
    const keys = { keys: `${provider.issuer}/keys`, audience: AUDIENCE }
    acls = await AclCluster.start(folder, { gateway: 'secret', alice: 'a', bob: 'b' }, keys)
    await acls.allow(
      [CREATE, DESCRIBE].map(operation => ({ user: 'gateway', operation, name: 'acl-', pattern: PREFIXED }))
    )
    const sasl = { mechanism: 'PLAIN', username: 'gateway', password: 'secret' }
    secured = acls.secured
    gateway = await TestGateway.start({ bootstrapServers: [secured], settings: { kafka: { sasl } } })
    await gateway.createTopic('acl-a')
    await gateway.createTopic('acl-b')
  })
  after(async () => {
    await gateway.close()
    await acls.stop()
    await provider.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('where the gateway may write to no topic, callers get 403 at once, and the log says what is missing', async () => {
    for (let request = 0; request < 2; request++) {
      const startedMs = performance.now()
      const { status, json } = await gateway.produce('acl-a', [{ value: 1 }])
      assert.deepEqual([status, json.code, json.retriable], [403, 'KAFKA_REFUSED', false])
      assert.equal(json.offsets[0].stored, 'no')
      assert.ok(performance.now() - startedMs < 2000)
    }
    const lines = gateway.logged.filter(({ message }) => message === 'Kafka gives no producer id')
    assert.equal(lines.length, 1)
    assert.match(JSON.stringify(lines[0].fields), /CLUSTER_AUTHORIZATION_FAILED.*IdempotentWrite/)
  })

  test('a topic that it may not write to is refused beside one that it may, within seconds of the permission', async () => {
    await acls.allow([{ user: 'gateway', operation: WRITE, name: 'acl-b' }])
    const end = performance.now() + 8000
    let answer = await gateway.produce('acl-b', [{ value: 1 }])
    while (answer.status === 403 && performance.now() < end) answer = await gateway.produce('acl-b', [{ value: 1 }])
    assert.deepEqual([answer.status, answer.json.offsets], [200, [{ partition: 0, offset: 0 }]])
    const { status, json } = await gateway.produce('acl-a', [{ value: 1 }])
    assert.deepEqual([status, json.code], [403, 'KAFKA_REFUSED'])
  })

  test('rule 11: a group that Kafka keeps from the gateway is 403; so is a topic that an instance is to read or commit', async () => {
    const headers = { 'content-type': 'application/vnd.kafka.v2+json' }
    const call = async (path: string, body?: object) => {
      const { status, json } = await gateway.request(
        body === undefined ? 'GET' : 'POST',
        `/consumers/acl-group${path}`,
        {
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          headers
        }
      )
      return [status, status === 204 ? '' : json.message]
    }
    const refused = [403, "Consumer group 'acl-group': Kafka does not permit using it."]
    assert.deepEqual(await call('', { name: 'i' }), refused)
    assert.deepEqual(await call('/instances/i/records?timeout=0'), refused)
    await acls.grant([{ user: 'gateway', operation: READ, name: 'acl-group', kind: GROUP }])
    let made = await call('', { name: 'i', 'auto.offset.reset': 'earliest' })
    for (const end = performance.now() + 8000; made[0] === 403 && performance.now() < end; await sleep(50))
      made = await call('', { name: 'i', 'auto.offset.reset': 'earliest' })
    assert.equal(made[0], 200)
    const partitions = [{ topic: 'acl-a', partition: 0, offset: 0 }]
    assert.deepEqual(await call('/instances/i/assignments', { partitions: [{ topic: 'acl-a', partition: 0 }] }), [
      204,
      ''
    ])
    assert.equal((await call('/instances/i/records?timeout=2000'))[0], 403)
    const message = "Kafka did not commit partition 0 of topic 'acl-a'."
    assert.deepEqual(await call('/instances/i/offsets', { offsets: partitions }), [403, message])
  })

  test('two Kafka identities in one process share nothing that only one of them may see, and one outlives the other', async t => {
    await acls.grant([
      { user: 'alice', operation: READ, name: 'apart-a' },
      { user: 'alice', operation: WRITE, name: 'apart-a' },
      { user: 'bob', operation: DESCRIBE, name: 'apart-a' },
      { user: 'bob', operation: READ, name: 'apart-b' },
      { user: 'bob', operation: WRITE, name: 'apart-b' }
    ])
    const [alice, bob] = [new Caller(secured, 'alice', 'a'), new Caller(secured, 'bob', 'b')]
    t.after(() => Promise.all([alice.cluster.close(), bob.cluster.close()]))
    await Promise.all([alice.cluster.start(), bob.cluster.start()])
    const refused = { name: 'ReadFailure', kind: 'refused', kafkaCode: 29 }

    assert.deepEqual(await alice.write('apart-a'), { offset: 0, failure: undefined })
    for (let read = 0; read < 2; read++) assert.deepEqual(await alice.read('apart-a'), [0])
    await assert.rejects(bob.read('apart-a'), refused, 'what alice has just read is in her cache alone')
    const { failure } = await bob.write('apart-a')
    assert.deepEqual([failure?.kind, failure?.stored], ['refused', 'no'])

    assert.deepEqual(await bob.write('apart-b'), { offset: 0, failure: undefined })
    const unseen = { name: 'KafkaFailure', kind: 'refused', kafkaCode: 29 }
    await assert.rejects(alice.cluster.metadata.topic('apart-b', Deadline.after(5000)), unseen)
    assert.deepEqual(await alice.topics(), ['apart-a'])
    assert.deepEqual(await bob.topics(), ['apart-a', 'apart-b'])
    assert.deepEqual([alice.producerIdsAsked, bob.producerIdsAsked], [1, 1])

    await alice.cluster.close()
    assert.deepEqual(await bob.write('apart-b'), { offset: 1, failure: undefined })
    assert.deepEqual(await bob.read('apart-b'), [0, 1])
  })

  suite('With callers of its own', { concurrency: true }, () => {
    callersInKafka(
      () => acls,
      () => provider
    )
    callersInWorkers(() => acls)
    expiringCaller(
      () => acls,
      () => provider
    )
  })
})

const INIT_PRODUCER_ID = 22

/** One Kafka identity, and the cluster as it sees it. */
class Caller {
  readonly cluster: Cluster
  producerIdsAsked = 0

  constructor(bootstrap: string, username: string, password: string) {
    const count = (apiKey: number) => {
      if (apiKey === INIT_PRODUCER_ID) this.producerIdsAsked++
    }
    const meter = { ...noMeter, broker: () => ({ answered: count, throttled: () => undefined }) }
    const settings = kafkaConfig([bootstrap], { fetchCacheBytes: 1_000_000, requestTimeoutMs: 10_000 })
    this.cluster = new Cluster(settings, { sasl: { mechanism: 'PLAIN', username, password } }, silent, meter)
  }

  async write(topic: string): Promise<{ offset: number; failure: ProduceFailure | undefined }> {
    const metadata = await this.cluster.metadata.topic(topic, Deadline.after(5000))
    assert.ok(metadata !== null)
    const spans = new Int32Array(SPAN_STRIDE).fill(-1)
    const table = { bytes: Buffer.alloc(0), count: 1, spans }
    const outcome = await this.cluster.accumulator.submit(metadata, table, Deadline.after(5000), () => undefined)
    const failure = outcome.failures?.get(0)
    return { offset: outcome.offsets[0], failure }
  }

  /** The offsets of all that is stored in the only partition. */
  read(topic: string): Promise<number[]> {
    const limits = { records: 10, bytes: 1000 }
    const place = { topic, partition: 0, offset: 0, isolation: 'committed' } as const
    return this.cluster.reads.read({ ...place, limits, deadline: Deadline.after(5000) }, ({ offsets, count }) => [
      ...offsets.subarray(0, count)
    ])
  }

  async topics(): Promise<string[]> {
    const { topics } = await this.cluster.metadata.everything(Deadline.after(5000))
    return [...topics.keys()].filter(name => name.startsWith('apart-')).toSorted()
  }
}
