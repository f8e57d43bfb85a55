import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { askMetadata } from '../../../src/kafka/metadata/metadata-message.ts'
import { startCluster, type ShownTopic } from './scripted-cluster.ts'

const brokerId = fc.integer({ min: -1, max: 1000 })
const shownTopic = fc.record({
  errorCode: fc.constantFrom(0, 3, 5, 17, 29),
  id: fc.uint8Array({ minLength: 16, maxLength: 16 }).map(bytes => Buffer.from(bytes)),
  isInternal: fc.boolean(),
  partitions: fc
    .array(
      fc.record({
        leader: brokerId,
        leaderEpoch: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        replicas: fc.array(brokerId, { maxLength: 4 }),
        isr: fc.array(brokerId, { maxLength: 4 })
      }),
      { maxLength: 5 }
    )
    .map(partitions => partitions.map((each, number) => ({ ...each, partition: number })))
})
const world = fc.record({
  controllerId: brokerId,
  brokers: fc.uniqueArray(
    fc.record(
      {
        id: fc.nat(),
        host: fc.string({ minLength: 1, unit: 'grapheme' }),
        port: fc.nat(65_535),
        rack: fc.option(fc.string())
      },
      { noNullPrototype: true }
    ),
    { selector: ({ id }) => id, minLength: 1, maxLength: 4 }
  ),
  topics: fc.dictionary(fc.string({ minLength: 1, maxLength: 300 }), shownTopic, { maxKeys: 4 })
})

suite('Metadata', () => {
  for (let version = 4; version <= 12; version++) {
    test(`is read as version ${version} says it, and asks for no topic to be created`, async t => {
      const { views, brokers } = await startCluster(t, 1, version)
      const channel = brokers.channel(1, 'control')
      await fc.assert(
        fc.asyncProperty(world, async ({ controllerId, brokers: nodes, topics }) => {
          const [view] = views
          view.controllerId = controllerId
          view.brokers = nodes
          view.topics.clear()
          for (const [name, topic] of Object.entries(topics)) view.topics.set(name, topic)
          const answer = await askMetadata(channel, null)
          assert.deepEqual([answer.controllerId, answer.clusterId], [controllerId, 'cluster'])
          assert.deepEqual([...answer.brokers.values()], nodes)
          assert.deepEqual([...answer.topics], expected(Object.entries(topics), version))
          assert.deepEqual(view.asked.at(-1), { names: null, mayCreate: false })
        }),
        { numRuns: 40 }
      )
    })

    test(`names the topics it asks for in version ${version}`, async t => {
      const { views, brokers } = await startCluster(t, 1, version)
      for (const names of [[], ['a'], ['a', 'ü'.repeat(100)]]) {
        const { topics } = await askMetadata(brokers.channel(1, 'control'), names)
        assert.deepEqual([...topics.keys()], names)
        assert.deepEqual(views[0].asked.at(-1), { names, mayCreate: false })
      }
    })
  }
})

function expected(topics: readonly [string, ShownTopic][], version: number) {
  return topics.map(([name, { errorCode, id, isInternal, partitions = [] }]) => [
    name,
    {
      errorCode,
      topic: {
        name,
        id: version < 10 || id?.every(byte => byte === 0) ? null : id,
        isInternal,
        partitions: version < 7 ? partitions.map(each => ({ ...each, leaderEpoch: -1 })) : partitions
      }
    }
  ])
}
