import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { Deadline } from '../../../src/core/deadline.ts'
import type { TopicSpec } from '../../../src/core/topic-spec.ts'
import { OffsetLookup } from '../../../src/kafka/admin/list-offsets.ts'
import { TopicAdmin } from '../../../src/kafka/admin/topic-admin.ts'
import { KafkaFailure } from '../../../src/kafka/kafka-failure.ts'
import { MetadataCache } from '../../../src/kafka/metadata/metadata-cache.ts'
import { partition, startCluster, type ScriptedCluster } from '../metadata/scripted-cluster.ts'
import { silent } from '../transport/scripted-broker.ts'
import {
  CREATE_TOPICS,
  createAnswer,
  DELETE_TOPICS,
  deleteAnswer,
  serveOffsets,
  serveTopics
} from './scripted-admin.ts'

const SPEC: TopicSpec = { partitionCount: null, replicationFactor: null, properties: new Map() }
const CREATED = { id: Buffer.alloc(16, 5), partitions: [partition(0, 1)] }
const soon = () => Deadline.after(5000)

interface Started extends ScriptedCluster {
  readonly metadata: MetadataCache
  readonly admin: TopicAdmin
  /** Broker `number` shows the topic, or no longer does. */
  readonly show: (number: number, visible?: boolean) => void
  /** How often the brokers were asked to create or delete, one after the other. */
  readonly asked: (key: number) => number[]
}

async function start(t: TestContext, count = 3): Promise<Started> {
  const cluster = await startCluster(t, count)
  const { scripted, views, brokers } = cluster
  for (const broker of scripted) {
    serveOffsets(broker, () => ({ offset: 0 }))
    for (const key of [CREATE_TOPICS, DELETE_TOPICS]) serveTopics(broker, key, request => request.hangUp())
  }
  const metadata = new MetadataCache(brokers, silent)
  return {
    ...cluster,
    metadata,
    admin: new TopicAdmin(brokers, metadata, new OffsetLookup(brokers, metadata), silent),
    show: (number, visible = true) => {
      const { topics } = views[number - 1]
      if (visible) topics.set('t', CREATED)
      else topics.delete('t')
    },
    asked: key => scripted.map(broker => broker.asked(key).length)
  }
}

const showOnAll = ({ show, views }: Started, visible = true) => views.forEach((_, index) => show(index + 1, visible))

suite('TopicAdmin: create', () => {
  test('is done once every broker shows all partitions led, and the leader answers', async t => {
    const cluster = await start(t)
    const { scripted, views, show, admin, asked } = cluster
    let answered = false
    serveTopics(scripted[0], CREATE_TOPICS, request => {
      request.answer(createAnswer('t', 0))
      show(1)
      show(2)
      views[2].topics.set('t', { ...CREATED, errorCode: 5, partitions: [partition(0, -1)] })
    })
    serveOffsets(scripted[0], () => (answered ? { offset: 0 } : { errorCode: 6 }))
    let done = false
    const created = admin.create('t', SPEC, soon()).then(() => (done = true))
    const turn = () => new Promise(resolve => setTimeout(resolve, 150))
    while (asked(CREATE_TOPICS)[0] === 0) await turn()
    await turn()
    assert.equal(done, false, 'a broker shows no leader yet')
    show(3)
    await turn()
    assert.equal(done, false, 'the leader does not lead yet')
    answered = true
    await created
    assert.deepEqual(asked(CREATE_TOPICS), [1, 0, 0])
    assert.equal(cluster.metadata.peek('t')?.partitions[0].leader, 1)
  })

  test('a broker that cannot be reached, or is frozen, is not waited for', async t => {
    const cluster = await start(t)
    const { scripted, admin } = cluster
    serveTopics(scripted[0], CREATE_TOPICS, request => {
      showOnAll(cluster)
      request.answer(createAnswer('t', 0))
    })
    await scripted[1].close()
    scripted[2].frozen = true
    await admin.create('t', SPEC, soon())
  })

  test('created but not visible everywhere at the deadline is said as that, whatever the brokers answer meanwhile', async t => {
    const cluster = await start(t)
    const { scripted, show, admin } = cluster
    serveTopics(scripted[0], CREATE_TOPICS, request => request.answer(createAnswer('t', 0)))
    const expected = {
      kind: 'notYetVisible',
      retriable: false,
      message: "Topic 't' was created, but is not yet visible everywhere."
    }
    show(1)
    await assert.rejects(admin.create('t', SPEC, Deadline.after(500)), expected)
    showOnAll(cluster)
    for (const errorCode of [6, 29, -1]) {
      serveOffsets(scripted[0], () => ({ errorCode }))
      await assert.rejects(admin.create('t', SPEC, Deadline.after(500)), expected, `ListOffsets answers ${errorCode}`)
    }
  })

  test('a create of unknown outcome is looked up and never sent again', async t => {
    for (const how of ['the connection is lost', 'Kafka says time-out'] as const) {
      const cluster = await start(t)
      const { scripted, admin, asked } = cluster
      serveTopics(scripted[0], CREATE_TOPICS, request => {
        showOnAll(cluster)
        if (how === 'Kafka says time-out') request.answer(createAnswer('t', 7))
        else request.hangUp()
      })
      await admin.create('t', SPEC, soon())
      assert.deepEqual(asked(CREATE_TOPICS), [1, 0, 0], how)
    }
  })

  test('one of unknown outcome that does not show is 503, and not to be tried again blindly', async t => {
    const { scripted, admin, asked } = await start(t)
    serveTopics(scripted[0], CREATE_TOPICS, request => request.hangUp())
    await assert.rejects(admin.create('t', SPEC, Deadline.after(500)), { kind: 'unreachable', retriable: false })
    assert.deepEqual(asked(CREATE_TOPICS), [1, 0, 0])
  })

  test('a controller that keeps silent costs the caller no more than the deadline', async t => {
    const { scripted, admin } = await start(t)
    serveTopics(scripted[0], CREATE_TOPICS, () => undefined)
    const startedMs = performance.now()
    await assert.rejects(admin.create('t', SPEC, Deadline.after(500)), { kind: 'unreachable', retriable: false })
    const elapsedMs = performance.now() - startedMs
    assert.ok(elapsedMs < 1300, `${elapsedMs} ms: the channel itself would wait 2000`)
  })

  test('goes to the controller, and follows it when it moves', async t => {
    const cluster = await start(t)
    const { scripted, views, admin, asked } = cluster
    for (const view of views) view.controllerId = 2
    serveTopics(scripted[1], CREATE_TOPICS, request => {
      for (const view of views) view.controllerId = 3
      request.answer(createAnswer('t', 41))
    })
    serveTopics(scripted[2], CREATE_TOPICS, request => {
      showOnAll(cluster)
      request.answer(createAnswer('t', 0))
    })
    await admin.create('t', SPEC, soon())
    assert.deepEqual(asked(CREATE_TOPICS), [0, 1, 1])
  })

  test('waits while the cluster throttles, or has no controller that can be reached', async t => {
    const cluster = await start(t)
    const { scripted, views, admin } = cluster
    for (const view of views) view.controllerId = -1
    serveTopics(scripted[0], CREATE_TOPICS, request => {
      showOnAll(cluster)
      request.answer(createAnswer('t', scripted[0].asked(CREATE_TOPICS).length === 1 ? 89 : 0))
    })
    setTimeout(() => views.forEach(view => (view.controllerId = 1)), 150)
    await admin.create('t', SPEC, soon())
    assert.equal(scripted[0].asked(CREATE_TOPICS).length, 2)
  })

  test('a throttled create is sent again once the time that Kafka named is over', async t => {
    const cluster = await start(t)
    const { scripted, admin, asked } = cluster
    const times: number[] = []
    serveTopics(scripted[0], CREATE_TOPICS, request => {
      times.push(performance.now())
      showOnAll(cluster)
      request.answer(times.length === 1 ? createAnswer('t', 89, null, 600) : createAnswer('t', 0))
    })
    await admin.create('t', SPEC, soon())
    assert.deepEqual(asked(CREATE_TOPICS), [2, 0, 0])
    assert.ok(times[1] - times[0] >= 590, String(times))
  })

  test('a create throttled beyond its deadline is refused at once, and so is the next; reading goes on', async t => {
    const cluster = await start(t)
    const { scripted, metadata, brokers, admin, asked } = cluster
    serveTopics(scripted[0], CREATE_TOPICS, request => request.answer(createAnswer('t', 89, null, 30_000)))
    const startedMs = performance.now()
    for (let number = 0; number < 3; number++) {
      await assert.rejects(admin.create('t', SPEC, soon()), (error: unknown) => {
        assert.ok(error instanceof KafkaFailure)
        assert.deepEqual([error.kind, error.retriable], ['unreachable', true])
        assert.equal(Math.ceil(Number(error.retryAfterMs) / 1000), 30)
        return true
      })
    }
    assert.ok(performance.now() - startedMs < 2000)
    assert.deepEqual(asked(CREATE_TOPICS), [1, 0, 0], 'nothing is sent over the connection that Kafka does not read')
    showOnAll(cluster)
    const topic = await metadata.topic('t', soon())
    assert.ok(topic !== null)
    const offsets = new OffsetLookup(brokers, metadata)
    assert.deepEqual(await offsets.offsetsOf(topic, [0], -1n, 1, Deadline.after(1000)), new Map([[0, 0]]))
  })

  test('a controller that does not answer is logged when that begins and when it is over, however many ask', async t => {
    const cluster = await start(t)
    const { scripted, metadata, brokers } = cluster
    const logged: string[] = []
    const keep = (_: object, text: string) => void logged.push(text)
    const log = { ...silent, warn: keep, info: keep }
    const admin = new TopicAdmin(brokers, metadata, new OffsetLookup(brokers, metadata), log)
    const create = () => admin.create('t', SPEC, Deadline.after(150))
    for (let number = 0; number < 3; number++) await assert.rejects(create(), { kind: 'unreachable' })
    serveTopics(scripted[0], CREATE_TOPICS, request => {
      showOnAll(cluster)
      request.answer(createAnswer('t', 0))
    })
    await admin.create('t', SPEC, soon())
    assert.deepEqual(logged, ['The controller did not answer', 'The controller answers again'])
  })

  test('what was certainly not sent changed nothing, and may be tried again', async t => {
    const { views, admin } = await start(t)
    for (const view of views) view.controllerId = -1
    await assert.rejects(admin.create('t', SPEC, Deadline.after(500)), { kind: 'unreachable', retriable: true })
  })

  for (const [errorCode, kind, reason, message] of [
    [36, 'topicExists', "Topic 't' already exists.", "Topic 't' exists already."],
    [17, 'invalidTopic', 'Topic name is illegal', 'Topic name is illegal'],
    [37, 'invalidPartitionCount', 'Number of partitions', 'Number of partitions'],
    [38, 'invalidReplicationFactor', 'Unable to replicate', 'Unable to replicate'],
    [40, 'invalidConfig', null, "Kafka refuses to create topic 't' (INVALID_CONFIG)."],
    [42, 'invalidRequest', 'Both given', 'Both given'],
    [44, 'policyViolation', 'Too many', 'Too many'],
    [29, 'refused', 'User:x denied', "Kafka does not permit creating topic 't'."],
    [31, 'refused', 'User:x denied', "Kafka does not permit creating topic 't'."]
  ] as const) {
    test(`error ${errorCode} of Kafka is ${kind}`, async t => {
      const { scripted, admin, asked } = await start(t, 1)
      serveTopics(scripted[0], CREATE_TOPICS, request => request.answer(createAnswer('t', errorCode, reason)))
      await assert.rejects(admin.create('t', SPEC, soon()), { kind, message })
      assert.deepEqual(asked(CREATE_TOPICS), [1])
    })
  }
})

suite('TopicAdmin: delete', () => {
  test('is done once no broker shows the topic, and the gateway has forgotten it', async t => {
    const cluster = await start(t)
    const { scripted, show, metadata, admin } = cluster
    showOnAll(cluster)
    await metadata.topic('t', soon())
    serveTopics(scripted[0], DELETE_TOPICS, request => {
      show(1, false)
      show(2, false)
      request.answer(deleteAnswer('t', 0))
    })
    let done = false
    const deleted = admin.delete('t', soon()).then(() => (done = true))
    await new Promise(resolve => setTimeout(resolve, 200))
    assert.equal(done, false)
    show(3, false)
    await deleted
    assert.equal(metadata.peek('t'), undefined)
  })

  test('deleted but still shown somewhere at the deadline is said as that', async t => {
    const cluster = await start(t)
    const { scripted, admin } = cluster
    showOnAll(cluster)
    serveTopics(scripted[0], DELETE_TOPICS, request => request.answer(deleteAnswer('t', 0)))
    await assert.rejects(admin.delete('t', Deadline.after(500)), { kind: 'notYetVisible', retriable: false })
  })

  test('one of unknown outcome is looked up', async t => {
    const cluster = await start(t)
    const { scripted, admin, asked } = cluster
    showOnAll(cluster)
    serveTopics(scripted[0], DELETE_TOPICS, request => {
      showOnAll(cluster, false)
      request.hangUp()
    })
    await admin.delete('t', soon())
    assert.deepEqual(asked(DELETE_TOPICS), [1, 0, 0])
    showOnAll(cluster)
    serveTopics(scripted[0], DELETE_TOPICS, request => request.hangUp())
    await assert.rejects(admin.delete('t', Deadline.after(500)), { kind: 'unreachable', retriable: false })
  })

  for (const [errorCode, kind] of [
    [3, 'unknownTopic'],
    [29, 'refused'],
    [73, 'refused']
  ] as const) {
    test(`error ${errorCode} of Kafka is ${kind}`, async t => {
      const { scripted, admin } = await start(t, 1)
      serveTopics(scripted[0], DELETE_TOPICS, request => request.answer(deleteAnswer('t', errorCode)))
      await assert.rejects(admin.delete('t', soon()), { kind })
    })
  }
})
