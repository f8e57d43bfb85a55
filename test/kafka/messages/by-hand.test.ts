import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { askCreateTopic, askDeleteTopic, askTopicProperty } from '../../../src/kafka/admin/topic-messages.ts'
import { askOffsets } from '../../../src/kafka/admin/list-offsets-message.ts'
import { createTopics } from '../../../src/kafka/messages/create-topics.ts'
import { deleteTopics } from '../../../src/kafka/messages/delete-topics.ts'
import { describeConfigs } from '../../../src/kafka/messages/describe-configs.ts'
import { initProducerId } from '../../../src/kafka/messages/init-producer-id.ts'
import { listOffsets } from '../../../src/kafka/messages/list-offsets.ts'
import type { Message } from '../../../src/kafka/messages/message.ts'
import { metadata } from '../../../src/kafka/messages/metadata.ts'
import { askMetadata } from '../../../src/kafka/metadata/metadata-message.ts'
import { askProducerId } from '../../../src/kafka/produce/init-producer-id.ts'
import type { BrokerChannel } from '../../../src/kafka/transport/broker-channel.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'

/** The body that a function of ours sends in each version that it knows. */
async function bodiesOf(ask: (channel: BrokerChannel) => Promise<unknown>): Promise<Map<number, Buffer>> {
  const bodies = new Map<number, Buffer>()
  let next: number | undefined
  let newest = 0
  const channel = {
    version(_key: number, min: number, max: number) {
      next ??= min
      newest = max
      return Promise.resolve(next)
    },
    request(_key: number, version: number, _flexible: boolean, body: Buffer) {
      bodies.set(version, Buffer.from(body))
      return Promise.reject(new Error('There is no broker.'))
    }
  } as unknown as BrokerChannel
  do {
    await assert.rejects(ask(channel), /There is no broker/)
    next = (next ?? 0) + 1
  } while (next <= newest)
  return bodies
}

async function assertSame<Request>(
  ask: (channel: BrokerChannel) => Promise<unknown>,
  message: Message<Request, unknown>,
  requestOf: (version: number) => Request
): Promise<void> {
  const bodies = await bodiesOf(ask)
  assert.ok(bodies.size > 1)
  for (const [version, body] of bodies) {
    const writer = new WireWriter(version >= message.flexibleSince)
    message.write(writer, version, requestOf(version))
    assert.deepEqual(writer.finish(), body, `version ${version}`)
  }
}

const names = fc.array(fc.string({ unit: 'grapheme', maxLength: 249 }), { maxLength: 4 })
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 249 })
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })

test('Metadata is written as it is by hand', () =>
  fc.assert(
    fc.asyncProperty(fc.option(names), async topics => {
      const asked = topics?.map(topic => ({ name: topic })) ?? null
      await assertSame(
        channel => askMetadata(channel, topics),
        metadata,
        () => ({ topics: asked, allowAutoTopicCreation: false })
      )
    }),
    { numRuns: 30 }
  ))

test('ListOffsets is written as it is by hand', () =>
  fc.assert(
    fc.asyncProperty(
      name,
      fc.array(fc.record({ partition: int32, leaderEpoch: int32 }), { maxLength: 4 }),
      fc.bigInt({ min: -2n, max: 2n ** 62n }),
      fc.constantFrom(0, 1),
      async (topic, queries, timestamp, isolation) => {
        await assertSame(
          channel => askOffsets(channel, topic, queries, timestamp, isolation),
          listOffsets,
          version => ({
            replicaId: -1,
            isolationLevel: isolation,
            topics: [
              {
                name: topic,
                partitions: queries.map(({ partition, leaderEpoch }) => ({
                  partitionIndex: partition,
                  timestamp,
                  ...(version >= 4 ? { currentLeaderEpoch: leaderEpoch } : {})
                }))
              }
            ]
          })
        )
      }
    ),
    { numRuns: 30 }
  ))

test('CreateTopics and DeleteTopics are written as they are by hand', () =>
  fc.assert(
    fc.asyncProperty(name, fc.dictionary(name, name), int32, async (topic, given, timeoutMs) => {
      const properties = new Map(Object.entries(given))
      const spec = { partitionCount: 3, replicationFactor: undefined, properties }
      await assertSame(
        channel => askCreateTopic(channel, topic, spec as never, timeoutMs),
        createTopics,
        () => ({
          topics: [
            {
              name: topic,
              numPartitions: 3,
              replicationFactor: -1,
              assignments: [],
              configs: Array.from(properties, ([key, value]) => ({ name: key, value }))
            }
          ],
          timeoutMs
        })
      )
      await assertSame(
        channel => askDeleteTopic(channel, topic, timeoutMs),
        deleteTopics,
        () => ({ topicNames: [topic], timeoutMs })
      )
    }),
    { numRuns: 30 }
  ))

test('DescribeConfigs and InitProducerId are written as they are by hand', async () => {
  await assertSame(
    channel => askTopicProperty(channel, ['orders', 'bills'], 'max.message.bytes'),
    describeConfigs,
    () => ({
      resources: ['orders', 'bills'].map(name => ({
        resourceType: 2,
        resourceName: name,
        configurationKeys: ['max.message.bytes']
      }))
    })
  )
  await assertSame(
    channel => askProducerId(channel),
    initProducerId,
    () => ({ transactionalId: null, transactionTimeoutMs: -1 })
  )
})
