import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Deadline } from '../../src/core/deadline.ts'
import { noMeter } from '../../src/core/meter.ts'
import { anonymous } from '../../src/core/principal.ts'
import { PARTITION, SPAN_STRIDE, type RecordTable } from '../../src/core/record-table.ts'
import { Produce } from '../../src/gateway/produce.ts'
import { Cluster } from '../../src/kafka/cluster.ts'
import { serveMetadata } from '../kafka/metadata/scripted-cluster.ts'
import { kafkaConfig, ScriptedBroker, silent } from '../kafka/transport/scripted-broker.ts'

const LEADER_NOT_AVAILABLE = 5

const notAsked = () => Promise.reject(new Error('not asked for'))

function keyless(): RecordTable {
  const spans = new Int32Array(SPAN_STRIDE).fill(-1)
  return { bytes: Buffer.alloc(0), count: 1, spans }
}

suite('Produce', () => {
  test('a topic that Kafka describes without partitions is refused as one without a leader, and its bytes are released', async t => {
    const broker = await ScriptedBroker.start()
    const view = serveMetadata(broker)
    view.brokers = [{ id: 1, host: '127.0.0.1', port: broker.port, rack: null }]
    view.topics.set('empty', { errorCode: LEADER_NOT_AVAILABLE, partitions: [] })
    const cluster = new Cluster(kafkaConfig([broker.address]), {}, silent)
    t.after(async () => {
      await cluster.close()
      await broker.close()
    })
    const produce = new Produce(cluster.metadata, cluster.accumulator, { create: notAsked }, noMeter)
    const named = keyless()
    named.spans[PARTITION] = 0
    for (const records of [keyless(), named, keyless()]) {
      let released = 0
      const call = { principal: anonymous, deadline: Deadline.after(2000) }
      await assert.rejects(
        produce.execute(call, 'empty', records, () => released++),
        { code: 'LEADER_NOT_AVAILABLE', message: "Topic 'empty' has no partitions yet." }
      )
      assert.equal(released, 1)
    }
  })
})
