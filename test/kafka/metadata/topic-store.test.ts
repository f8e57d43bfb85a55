import assert from 'node:assert/strict'
import { mock, suite, test, type TestContext } from 'node:test'
import type { TopicMetadata } from '../../../src/kafka/metadata/topic-metadata.ts'
import { TopicStore } from '../../../src/kafka/metadata/topic-store.ts'
import { partition } from './scripted-cluster.ts'

const ONE = Buffer.alloc(16, 1)
const OTHER = Buffer.alloc(16, 2)

function topic(id: Buffer | null, ...leaders: readonly (readonly [leader: number, epoch: number])[]): TopicMetadata {
  const partitions = leaders.map(([leader, epoch], number) => partition(number, leader, epoch))
  return { name: 't', id, isInternal: false, partitions }
}

const leaders = (store: TopicStore) => store.peek('t')?.partitions.map(({ leader }) => leader)

function clock(t: TestContext) {
  mock.timers.enable({ apis: ['Date'], now: 1_000_000 })
  t.after(() => mock.timers.reset())
  return (ms: number) => mock.timers.tick(ms)
}

suite('TopicStore', () => {
  test('keeps the leader of the higher epoch, partition by partition, whatever order the news come in', () => {
    const store = new TopicStore(10_000)
    store.put(topic(ONE, [1, 5], [1, 5]))
    const merged = store.put(topic(ONE, [2, 4], [2, 6]))
    assert.deepEqual(merged, topic(ONE, [1, 5], [2, 6]))
    assert.deepEqual(leaders(store), [1, 2])
    store.put(topic(ONE, [-1, 7], [2, 6], [3, 0]))
    assert.deepEqual(leaders(store), [-1, 2, 3], 'a partition without a leader and a new one are news too')
  })

  test('a topic with another id is another topic: nothing of the old one stays', () => {
    const store = new TopicStore(10_000)
    store.put(topic(ONE, [1, 50], [1, 50]))
    store.put(topic(OTHER, [2, 0]))
    assert.deepEqual(store.peek('t'), topic(OTHER, [2, 0]))
  })

  test('takes up leaders of later epochs that a broker names, of the topic that it was asked about', () => {
    const store = new TopicStore(10_000)
    const told: unknown[] = []
    store.put(topic(ONE, [1, 5], [1, 5], [1, 5]))
    store.onChange((name, changed) => told.push([name, changed]))
    store.lead('t', OTHER, new Map([[0, { id: 2, epoch: 9 }]]))
    store.lead('t', null, new Map([[0, { id: 2, epoch: 9 }]]))
    store.lead('t', ONE, new Map([[0, { id: 2, epoch: 5 }]]))
    store.lead('unknown', ONE, new Map([[0, { id: 2, epoch: 9 }]]))
    assert.deepEqual(told, [])
    store.lead(
      't',
      ONE,
      new Map([
        [0, { id: 2, epoch: 6 }],
        [2, { id: 3, epoch: 7 }],
        [9, { id: 3, epoch: 7 }]
      ])
    )
    assert.deepEqual(told, [['t', topic(ONE, [2, 6], [1, 5], [3, 7])]])
    assert.deepEqual(leaders(store), [2, 1, 3])
  })

  test('a leader that was named gives way to the metadata of its own epoch or a later one, and after a while to any', t => {
    const pass = clock(t)
    const store = new TopicStore(10_000)
    store.put(topic(ONE, [1, 0]))
    store.lead('t', ONE, new Map([[0, { id: 2, epoch: 7 }]]))
    pass(9000)
    store.put(topic(ONE, [1, 0]))
    assert.deepEqual(leaders(store), [2], 'a broker may lag behind')
    pass(2000)
    store.put(topic(ONE, [1, 0]))
    assert.deepEqual(leaders(store), [1], 'the broker that named it spoke of an earlier topic of that name')
    store.lead('t', ONE, new Map([[0, { id: 3, epoch: 8 }]]))
    store.put(topic(ONE, [3, 8]))
    pass(60_000)
    store.put(topic(ONE, [1, 0]))
    assert.deepEqual(leaders(store), [3], 'once confirmed, it is as good as any')
  })

  test('believes brokers that tell no epochs', () => {
    const store = new TopicStore(10_000)
    store.put(topic(null, [1, 3]))
    store.put(topic(null, [2, -1]))
    assert.deepEqual(leaders(store), [2])
  })

  test('without topic ids a lower epoch is a lagging broker for a while, then a topic created anew', t => {
    const pass = clock(t)
    const store = new TopicStore(10_000)
    store.put(topic(null, [1, 9]))
    store.put(topic(null, [2, 0]))
    assert.deepEqual(leaders(store), [1])
    pass(60_000)
    store.put(topic(null, [1, 9]))
    pass(1000)
    store.put(topic(null, [2, 0]))
    assert.deepEqual(leaders(store), [1], 'the higher epoch was confirmed a moment ago')
    pass(30_000)
    store.put(topic(null, [2, 0]))
    assert.deepEqual(leaders(store), [2])
  })

  test('with topic ids a lower epoch never wins', t => {
    const pass = clock(t)
    const store = new TopicStore(10_000)
    store.put(topic(ONE, [1, 9]))
    pass(300_000)
    store.put(topic(ONE, [2, 0]))
    assert.deepEqual(leaders(store), [1])
  })

  test('tells its listeners of every topic that came or went', () => {
    const store = new TopicStore(10_000)
    const heard: [string, TopicMetadata | null][] = []
    store.onChange((name, news) => heard.push([name, news]))
    store.put(topic(ONE, [1, 0]))
    store.remove('t')
    assert.deepEqual(heard, [
      ['t', topic(ONE, [1, 0])],
      ['t', null]
    ])
    assert.equal(store.peek('t'), undefined)
  })

  test('forgets topics that nobody looked at for ten minutes, in silence', t => {
    const pass = clock(t)
    const store = new TopicStore(10_000)
    store.put({ ...topic(ONE, [1, 0]), name: 'used' })
    store.put({ ...topic(ONE, [1, 0]), name: 'idle' })
    const heard: string[] = []
    store.onChange(name => heard.push(name))
    pass(400_000)
    store.peek('used')
    store.put({ ...topic(ONE, [1, 0]), name: 'idle' })
    pass(400_000)
    store.sweep()
    assert.deepEqual(store.names, ['used'], 'being refreshed is not being used')
    assert.deepEqual(heard, ['idle'])
  })

  test('holds ten thousand topics, and lets the one go that was used longest ago', t => {
    const pass = clock(t)
    const store = new TopicStore(10_000)
    for (let number = 0; number < 10_000; number++) {
      if (number === 1) pass(1)
      store.put({ ...topic(ONE, [1, 0]), name: `t${number}` })
    }
    pass(1)
    store.peek('t0')
    store.put({ ...topic(ONE, [1, 0]), name: 'more' })
    assert.equal(store.names.length, 10_000)
    assert.deepEqual([store.peek('t0')?.name, store.peek('t1'), store.peek('more')?.name], ['t0', undefined, 'more'])
  })
})
