import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Deadline } from '../../../src/core/deadline.ts'
import { KafkaFailure } from '../../../src/kafka/kafka-failure.ts'
import { askProducerId } from '../../../src/kafka/produce/init-producer-id.ts'
import { AnyBroker } from '../../../src/kafka/transport/any-broker.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import { startCluster } from '../metadata/scripted-cluster.ts'
import type { ScriptedBroker } from '../transport/scripted-broker.ts'

const INIT_PRODUCER_ID = 22

function serve(broker: ScriptedBroker, errorCode: number): void {
  broker.apis.set(INIT_PRODUCER_ID, {
    max: 1,
    flexibleSince: 2,
    serve: ({ answer }) => answer(new WireWriter(false).int32(0).int16(errorCode).int64(4711n).int16(0).finish())
  })
}

suite('InitProducerId', () => {
  test('a broker that keeps silent is passed over for another within a second or two', async t => {
    const { scripted, brokers } = await startCluster(t, 2)
    for (const broker of scripted) serve(broker, 0)
    await new AnyBroker(brokers).ask(Deadline.after(5000), askProducerId)
    scripted[1].frozen = true
    for (let turn = 0; turn < 2; turn++) {
      const startedMs = performance.now()
      const session = await new AnyBroker(brokers).ask(Deadline.after(5000), askProducerId)
      assert.deepEqual(session, { producerId: 4711n, epoch: 0 })
      assert.ok(performance.now() - startedMs < 2500)
    }
    assert.ok(scripted[1].accepted > 0, 'it was asked')
  })

  test('an error that passes is asked again, also of another broker', async t => {
    const { scripted, brokers } = await startCluster(t, 2)
    const COORDINATOR_LOADING = 14
    serve(scripted[0], COORDINATOR_LOADING)
    serve(scripted[1], 0)
    for (let turn = 0; turn < 2; turn++) {
      assert.equal((await new AnyBroker(brokers).ask(Deadline.after(2000), askProducerId)).producerId, 4711n)
    }
  })

  test('a gateway that may not have one is told so, and the log what it lacks', async t => {
    const { scripted, brokers } = await startCluster(t, 1)
    const CLUSTER_AUTHORIZATION_FAILED = 31
    serve(scripted[0], CLUSTER_AUTHORIZATION_FAILED)
    await assert.rejects(new AnyBroker(brokers).ask(Deadline.after(2000), askProducerId), (error: unknown) => {
      assert.ok(error instanceof KafkaFailure)
      assert.equal(error.kind, 'refused')
      assert.match(error.detail ?? '', /CLUSTER_AUTHORIZATION_FAILED.*IdempotentWrite/)
      return true
    })
    assert.equal(scripted[0].asked(INIT_PRODUCER_ID).length, 1, 'not asked again')
  })
})
