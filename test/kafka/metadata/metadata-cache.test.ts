import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Deadline } from '../../../src/core/deadline.ts'
import { MetadataCache } from '../../../src/kafka/metadata/metadata-cache.ts'
import type { TopicMetadata } from '../../../src/kafka/metadata/topic-metadata.ts'
import { Brokers } from '../../../src/kafka/transport/brokers.ts'
import { kafkaConfig, ScriptedBroker, silent } from '../transport/scripted-broker.ts'
import { METADATA, partition, serveMetadata, startCluster, type View } from './scripted-cluster.ts'

const ID = Buffer.alloc(16, 7)
const soon = () => Deadline.after(5000)
const known = { id: ID, partitions: [partition(0, 1), partition(1, 2)] }
const described = (name: string): TopicMetadata => ({ name, isInternal: false, ...known })

const questions = (views: readonly View[], name: string) =>
  views.map(view => view.asked.filter(({ names }) => names?.length === 1 && names[0] === name).length)

suite('MetadataCache', () => {
  test('asks one broker for a topic that it does not know, and nobody for one that it does', async t => {
    const { views, brokers } = await startCluster(t, 2)
    for (const view of views) view.topics.set('a', known)
    const cache = new MetadataCache(brokers, silent)
    assert.equal(cache.peek('a'), undefined)
    assert.deepEqual(await Promise.all([cache.topic('a', soon()), cache.topic('a', soon())]), [
      described('a'),
      described('a')
    ])
    assert.deepEqual(cache.peek('a'), described('a'))
    assert.deepEqual(await cache.topic('a', soon()), described('a'))
    assert.equal(questions(views, 'a')[0] + questions(views, 'a')[1], 1)
  })

  test('a topic does not exist only once two brokers do not know it', async t => {
    const { views, brokers } = await startCluster(t, 3)
    const cache = new MetadataCache(brokers, silent)
    assert.equal(await cache.topic('none', soon()), null)
    assert.deepEqual(
      questions(views, 'none').toSorted((one, other) => one - other),
      [0, 1, 1]
    )
  })

  test('a topic that only the second broker knows yet is found', async t => {
    const { views, brokers } = await startCluster(t, 2)
    const cache = new MetadataCache(brokers, silent)
    for (const [number, view] of views.entries()) {
      const name = `only-${number}`
      view.topics.set(name, known)
      assert.deepEqual(await cache.topic(name, soon()), described(name))
    }
  })

  test('an illegal name is a topic that does not exist', async t => {
    const { views, brokers } = await startCluster(t, 1)
    views[0].topics.set('a b', { errorCode: 17 })
    assert.equal(await new MetadataCache(brokers, silent).topic('a b', soon()), null)
  })

  test('a topic whose partitions have no leader yet is described', async t => {
    const { views, brokers } = await startCluster(t, 1)
    views[0].topics.set('young', { errorCode: 5, id: ID, partitions: [partition(0, -1)] })
    const found = await new MetadataCache(brokers, silent).topic('young', soon())
    assert.deepEqual(found?.partitions, [partition(0, -1)])
  })

  test('what Kafka does not let the gateway see is refused, however often it is asked', async t => {
    const { views, brokers } = await startCluster(t, 1)
    views[0].topics.set('secret', { errorCode: 29 })
    const cache = new MetadataCache(brokers, silent)
    for (let number = 0; number < 60; number++)
      await assert.rejects(cache.topic('secret', soon()), { kind: 'refused' }, `question ${number}`)
  })

  test('a topic that everyone misses is asked for about twenty times a second, not more', async t => {
    const { views, brokers } = await startCluster(t, 1)
    const cache = new MetadataCache(brokers, silent)
    const startedMs = performance.now()
    for (let number = 0; number < 500; number++) assert.equal(await cache.topic('none', soon()), null)
    const seconds = Math.ceil((performance.now() - startedMs) / 1000) + 1
    assert.ok(questions(views, 'none')[0] <= 21 * seconds, String(questions(views, 'none')))
  })

  test('a missed topic is found as soon as it is there, even while misses are many', async t => {
    const { views, brokers } = await startCluster(t, 1)
    const cache = new MetadataCache(brokers, silent)
    for (let number = 0; number < 50; number++) await cache.topic('late', soon())
    views[0].topics.set('late', known)
    await cache.refresh('late', soon())
    assert.deepEqual(await cache.topic('late', soon()), described('late'))
  })

  test('refreshes of one topic are merged, and a tenth of a second apart', async t => {
    const { views, brokers } = await startCluster(t, 1)
    views[0].topics.set('a', known)
    const cache = new MetadataCache(brokers, silent)
    const startedMs = performance.now()
    await cache.refresh('a', soon())
    await Promise.all(Array.from({ length: 20 }, () => cache.refresh('a', soon())))
    assert.ok(performance.now() - startedMs > 95)
    assert.deepEqual(questions(views, 'a'), [2])
  })

  test('a refresh sees new leaders, and tells who listens', async t => {
    const { views, brokers } = await startCluster(t, 1)
    views[0].topics.set('a', known)
    const cache = new MetadataCache(brokers, silent)
    await cache.topic('a', soon())
    const heard: [string, TopicMetadata | null][] = []
    cache.onTopicChange((name, topic) => heard.push([name, topic]))
    views[0].topics.set('a', { ...known, partitions: [partition(0, 2, 1), partition(1, 2)] })
    const fresh = await cache.refresh('a', soon())
    assert.deepEqual(
      fresh?.partitions.map(({ leader }) => leader),
      [2, 2]
    )
    assert.deepEqual([cache.peek('a'), heard], [fresh, [['a', fresh]]])
  })

  test('the background refresh asks once for all topics in use', async t => {
    const { views, brokers } = await startCluster(t, 1)
    for (const name of ['a', 'b', 'c']) views[0].topics.set(name, known)
    const cache = new MetadataCache(brokers, silent)
    for (const name of ['a', 'b', 'c']) await cache.topic(name, soon())
    const before = views[0].asked.length
    await cache.refreshAll(soon())
    assert.deepEqual(
      views[0].asked.slice(before).map(({ names }) => names),
      [['a', 'b', 'c']]
    )
  })

  test('a topic that one broker no longer shows is kept; it goes once a second broker agrees', async t => {
    const { views, brokers } = await startCluster(t, 2)
    for (const view of views) view.topics.set('a', known)
    const cache = new MetadataCache(brokers, silent)
    await cache.topic('a', soon())
    const heard: unknown[] = []
    cache.onTopicChange((name, topic) => heard.push(topic === null ? [name, null] : name))
    views[0].topics.delete('a')
    await cache.refreshAll(soon())
    await cache.refreshAll(soon())
    assert.deepEqual(cache.peek('a'), described('a'))
    assert.ok(!JSON.stringify(heard).includes('null'))
    views[1].topics.delete('a')
    await cache.refreshAll(soon())
    assert.equal(cache.peek('a'), undefined)
    assert.deepEqual(heard.at(-1), ['a', null])
  })

  test('a topic that the gateway may no longer see does not keep the others from being refreshed', async t => {
    const { views, brokers } = await startCluster(t, 1)
    for (const name of ['a', 'revoked', 'z']) views[0].topics.set(name, known)
    const cache = new MetadataCache(brokers, silent)
    for (const name of ['a', 'revoked', 'z']) await cache.topic(name, soon())
    views[0].topics.set('revoked', { errorCode: 29 })
    views[0].topics.set('z', { ...known, partitions: [partition(0, 2, 1)] })
    await cache.refreshAll(soon())
    assert.deepEqual(cache.peek('z')?.partitions, [partition(0, 2, 1)])
    await assert.rejects(cache.refresh('revoked', soon()), { kind: 'refused' })
  })

  test('topics that need their leaders at once are asked for together', async t => {
    const { views, brokers } = await startCluster(t, 1)
    const cache = new MetadataCache(brokers, silent)
    const names = Array.from({ length: 3000 }, (_, number) => `t${number}`)
    for (const name of names) views[0].topics.set(name, known)
    const found = await Promise.all(names.map(name => cache.refresh(name, soon())))
    assert.deepEqual(
      found.map(topic => topic?.name),
      names
    )
    assert.deepEqual(
      views[0].asked.map(asked => asked.names?.length),
      [1000, 1000, 1000]
    )
  })

  test('another address of the same broker is no second opinion: the topic is kept', async t => {
    const { scripted, views, brokers: unused } = await startCluster(t, 2)
    assert.equal(unused.nodes.size, 2)
    const alias = await ScriptedBroker.start()
    t.after(() => alias.close())
    alias.apis.set(3, { max: 12, flexibleSince: 9, serve: request => scripted[0].apis.get(3)?.serve(request) })
    const brokers = new Brokers(kafkaConfig([alias.address]), {}, silent)
    t.after(() => brokers.close())
    const cache = new MetadataCache(brokers, silent)
    for (const view of views) view.topics.set('a', known)
    assert.deepEqual(await cache.topic('a', soon()), described('a'))
    await scripted[1].close()
    for (const view of views) view.topics.delete('a')
    for (let number = 0; number < 3; number++) assert.deepEqual(await cache.refresh('a', soon()), described('a'))
    await scripted[1].listen()
    for (const end = Date.now() + 5000; cache.peek('a') !== undefined && Date.now() < end;)
      await cache.refresh('a', soon())
    assert.equal(cache.peek('a'), undefined, 'broker 2 agrees')
  })

  test('identical questions about the whole cluster share one, but never one that has left already', async t => {
    const { scripted, views, brokers } = await startCluster(t, 1)
    const cache = new MetadataCache(brokers, silent)
    await Promise.all(Array.from({ length: 50 }, () => cache.everything(soon())))
    assert.equal(views[0].asked.length, 1)
    const metadata = scripted[0].apis.get(3)
    assert.ok(metadata)
    let answerFirst = () => undefined as void
    scripted[0].apis.set(3, {
      ...metadata,
      serve: request => {
        // The old state is in the answer; it arrives late.
        metadata.serve({ ...request, answer: body => (answerFirst = () => request.answer(body)) })
        scripted[0].apis.set(3, metadata)
      }
    })
    const before = cache.everything(soon())
    while (views[0].asked.length < 2) await new Promise(resolve => setImmediate(resolve))
    views[0].topics.set('created', known)
    const after = cache.everything(soon())
    answerFirst()
    assert.equal((await before).topics.has('created'), false)
    assert.equal((await after).topics.has('created'), true)
  })

  test('takes up brokers that come and go', async t => {
    const { views, brokers } = await startCluster(t, 2)
    const cache = new MetadataCache(brokers, silent)
    for (const view of views) view.brokers = [...view.brokers, { id: 9, host: 'nine', port: 9, rack: 'r' }].slice(1)
    const answer = await cache.cluster(soon())
    assert.deepEqual([...answer.brokers.keys()], [2, 9])
    assert.deepEqual([...brokers.nodes.keys()], [2, 9])
    assert.deepEqual(brokers.channel(9, 'fetch').host, 'nine')
  })

  test('a broker that starts, and so knows no brokers and no topics, is not believed', async t => {
    const { views, brokers } = await startCluster(t, 2)
    const cache = new MetadataCache(brokers, silent)
    for (const view of views) view.topics.set('a', known)
    assert.deepEqual(await cache.topic('a', soon()), described('a'))
    views[0].brokers = []
    views[0].topics.clear()
    for (let number = 0; number < 4; number++) {
      assert.deepEqual([...(await cache.everything(soon())).topics.keys()], ['a'])
      assert.deepEqual([...(await cache.cluster(soon())).brokers.keys()], [1, 2])
      assert.deepEqual(await cache.refresh('a', soon()), described('a'))
      assert.deepEqual([...brokers.nodes.keys()], [1, 2])
    }
    assert.ok(views[0].asked.length > 0, 'it was asked')
  })

  test('while the only broker starts, questions wait for it', async t => {
    const { views, brokers } = await startCluster(t, 1)
    const [view] = views
    const nodes = view.brokers
    view.brokers = []
    const cache = new MetadataCache(brokers, silent)
    await assert.rejects(cache.cluster(Deadline.after(300)), { kind: 'unreachable', retriable: true })
    setTimeout(() => (view.brokers = nodes), 300)
    assert.deepEqual([...(await cache.cluster(soon())).brokers.keys()], [1])
  })

  test('everything lists what Kafka has now, internal topics marked', async t => {
    const { views, brokers } = await startCluster(t, 1)
    views[0].topics.set('a', known).set('__consumer_offsets', { ...known, isInternal: true })
    const { topics } = await new MetadataCache(brokers, silent).everything(soon())
    assert.deepEqual(
      [...topics.values()].map(({ topic }) => [topic.name, topic.isInternal]),
      [
        ['a', false],
        ['__consumer_offsets', true]
      ]
    )
  })

  test('where no broker answers it says so at the deadline, and recovers when one is there', async t => {
    const gone = await ScriptedBroker.start()
    await gone.close()
    const brokers = new Brokers(kafkaConfig([gone.address]), {}, silent)
    t.after(() => brokers.close())
    const cache = new MetadataCache(brokers, silent)
    const startedMs = performance.now()
    await assert.rejects(cache.topic('a', Deadline.after(400)), { kind: 'unreachable', retriable: true })
    const elapsedMs = performance.now() - startedMs
    assert.ok(elapsedMs > 250 && elapsedMs < 1500, String(elapsedMs))
    const view = serveMetadata(gone)
    view.brokers = [{ id: 1, host: '127.0.0.1', port: gone.port, rack: null }]
    view.topics.set('a', known)
    await gone.listen()
    t.after(() => gone.close())
    assert.deepEqual(await cache.topic('a', soon()), described('a'))
  })
})

suite('MetadataCache, over seconds', { concurrency: true }, () => {
  test('an answer that comes late counts all the same: slow brokers are not asked again and again', async t => {
    const { scripted, views, brokers } = await startCluster(t, 2)
    for (const [number, broker] of scripted.entries()) {
      views[number].topics.set('a', known)
      const api = broker.apis.get(METADATA)
      assert.ok(api !== undefined)
      broker.apis.set(METADATA, { ...api, serve: request => void setTimeout(() => api.serve(request), 1500) })
    }
    const startedMs = performance.now()
    assert.deepEqual(await new MetadataCache(brokers, silent).topic('a', soon()), described('a'))
    assert.ok(performance.now() - startedMs < 2500, 'one answer was enough')
    assert.ok(Math.max(...questions(views, 'a')) <= 1)
  })

  test('topics missing under ever new names cost about twenty questions a second, and each is answered', async t => {
    const { views, brokers } = await startCluster(t, 2)
    const cache = new MetadataCache(brokers, silent)
    const startedMs = performance.now()
    for (let round = 0; round < 50; round++) {
      const names = Array.from({ length: 20 }, (_, number) => `none-${round}-${number}`)
      const found = await Promise.all(names.map(name => cache.topic(name, soon())))
      assert.ok(found.every(topic => topic === null))
    }
    const seconds = (performance.now() - startedMs) / 1000
    const asked = views[0].asked.length + views[1].asked.length
    assert.ok(asked <= 2 * (21 + 20 * seconds), `${asked} questions in ${seconds} s`)
    views[0].topics.set('there', known)
    assert.deepEqual(await cache.topic('there', soon()), described('there'))
  })

  test('a broker that is frozen, or gone, is passed over', async t => {
    const { scripted, views, brokers } = await startCluster(t, 3)
    const cache = new MetadataCache(brokers, silent)
    for (const view of views) view.topics.set('a', known)
    scripted[0].frozen = true
    await scripted[1].close()
    for (let number = 0; number < 3; number++) assert.deepEqual(await cache.refresh('a', soon()), described('a'))
  })

  test('who joins a question under way still has a deadline of their own, shorter or longer', async t => {
    const { scripted, views, brokers } = await startCluster(t, 1)
    views[0].topics.set('a', known)
    scripted[0].frozen = true
    const cache = new MetadataCache(brokers, silent)
    const patient = cache.topic('a', Deadline.after(1500)).catch((error: unknown) => error)
    const startedMs = performance.now()
    const later = cache.refresh('a', Deadline.after(8000))
    await assert.rejects(cache.topic('a', Deadline.after(300)), { kind: 'unreachable' })
    await assert.rejects(cache.refresh('a', Deadline.after(300)), { kind: 'unreachable' })
    assert.ok(performance.now() - startedMs < 1200, 'the short deadlines are kept')
    assert.equal(((await patient) as { kind?: string }).kind, 'unreachable')
    scripted[0].frozen = false
    assert.deepEqual(await later, described('a'), 'the long one goes on after the first asker gave up')
  })
})
