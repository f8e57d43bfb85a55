import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Deadline } from '../../../src/core/deadline.ts'
import { TopicConfigs } from '../../../src/kafka/admin/topic-configs.ts'
import { AnyBroker } from '../../../src/kafka/transport/any-broker.ts'
import { WireReader } from '../../../src/kafka/wire/wire-reader.ts'
import { startCluster } from '../metadata/scripted-cluster.ts'
import { DESCRIBE_CONFIGS, DESCRIBE_CONFIGS_4, describedConfigs, TOPIC } from './described-configs.ts'

suite('TopicConfigs', () => {
  test('asks for all properties of the one topic, and tells those without a value too', async t => {
    const { scripted, brokers } = await startCluster(t, 1)
    let asked: unknown
    scripted[0].apis.set(DESCRIBE_CONFIGS, {
      ...DESCRIBE_CONFIGS_4,
      serve({ body, answer }) {
        const reader = new WireReader(body, true)
        asked = [reader.arrayLength(), reader.int8(), reader.string(), reader.arrayLength()]
        answer(describedConfigs({ name: 'orders', errorCode: 0, configs: { 'retention.ms': '1000', secret: null } }))
      }
    })
    const configs = await new TopicConfigs(new AnyBroker(brokers)).of('orders', Deadline.after(2000))
    assert.deepEqual(asked, [1, TOPIC, 'orders', -1])
    assert.deepEqual(Object.fromEntries(configs), { 'retention.ms': '1000', secret: null })
  })

  test("what Kafka refuses has the failure's kind, and its code for the log", async t => {
    const { scripted, brokers } = await startCluster(t, 1)
    let errorCode = 0
    const serve = ({ answer }: { answer: (bytes: Buffer) => void }) =>
      answer(describedConfigs({ name: 'orders', errorCode }))
    scripted[0].apis.set(DESCRIBE_CONFIGS, { ...DESCRIBE_CONFIGS_4, serve })
    const topicConfigs = new TopicConfigs(new AnyBroker(brokers))
    for (const [code, kind, message] of [
      [3, 'unknownTopic', /Topic 'orders' does not exist/],
      [29, 'refused', /does not permit describing the configuration/],
      [-1, 'unreachable', /does not tell the configuration/]
    ] as const) {
      errorCode = code
      await assert.rejects(topicConfigs.of('orders', Deadline.after(2000)), { kind, message, kafkaCode: code })
    }
  })
})
