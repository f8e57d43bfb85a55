import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../src/core/deadline.ts'
import type { Log } from '../../../src/core/log.ts'
import { noMeter } from '../../../src/core/meter.ts'
import { KafkaFailure } from '../../../src/kafka/kafka-failure.ts'
import type { Message } from '../../../src/kafka/messages/message.ts'
import { AnyBroker } from '../../../src/kafka/transport/any-broker.ts'
import { Brokers } from '../../../src/kafka/transport/brokers.ts'
import { exchange } from '../../../src/kafka/transport/exchange.ts'
import { WireWriter } from '../../../src/kafka/wire/wire-writer.ts'
import { kafkaConfig, ScriptedBroker, silent } from './scripted-broker.ts'

const METADATA: Message<number, { broker: number }> = {
  key: 3,
  min: 0,
  max: 0,
  flexibleSince: Infinity,
  write: (writer, _version, request) => void writer.int32(request),
  read(reader) {
    reader.int32()
    return { broker: reader.int32() }
  }
}

interface Throttling {
  readonly scripted: ScriptedBroker[]
  readonly brokers: Brokers
  readonly logged: { fields: object; text: string }[]
  readonly counted: [broker: string, apiKey: number, seconds: number][]
  /** Of the answers of each broker, in their order; 0 behind the last. */
  readonly throttleMs: number[][]
}

async function start(t: TestContext, count: number): Promise<Throttling> {
  const throttleMs: number[][] = Array.from({ length: count }, () => [])
  const scripted = await Promise.all(throttleMs.map(() => ScriptedBroker.start()))
  for (const [index, broker] of scripted.entries()) {
    broker.apis.set(METADATA.key, {
      max: 0,
      flexibleSince: Infinity,
      serve: request =>
        request.answer(
          new WireWriter(false)
            .int32(throttleMs[index].shift() ?? 0)
            .int32(index + 1)
            .finish()
        )
    })
  }
  const logged: Throttling['logged'] = []
  const keep = (fields: object, text: string) => void logged.push({ fields, text })
  const log: Log = { ...silent, warn: keep, info: keep }
  const counted: Throttling['counted'] = []
  const meter = {
    ...noMeter,
    broker: (broker: string) => ({
      answered: () => undefined,
      throttled: (apiKey: number, seconds: number) => void counted.push([broker, apiKey, seconds])
    })
  }
  const brokers = new Brokers(kafkaConfig([scripted[0].address]), {}, log, meter)
  const nodes = scripted.map(({ port }, index) => ({ id: index + 1, host: '127.0.0.1', port, rack: null }))
  brokers.update(new Map(nodes.map(node => [node.id, node])), scripted[0].address)
  t.after(async () => {
    await brokers.close()
    await Promise.all(scripted.map(broker => broker.close()))
  })
  return { scripted, brokers, logged, counted, throttleMs }
}

const ask = (channel: Parameters<typeof exchange>[0]) => exchange(channel, METADATA, 0)

suite('A broker that throttles', () => {
  test('is sent nothing on that connection until it reads again; other lanes go on', async t => {
    const { scripted, brokers, throttleMs } = await start(t, 1)
    throttleMs[0].push(400)
    const channel = brokers.channel(1, 'admin')
    assert.deepEqual(await ask(channel), { broker: 1 })
    await assert.rejects(ask(channel), { name: 'ThrottledError', sent: false })
    assert.equal(scripted[0].asked(METADATA.key).length, 1)
    assert.deepEqual(await ask(brokers.channel(1, 'control')), { broker: 1 })
    await sleep(410)
    assert.deepEqual(await ask(channel), { broker: 1 })
  })

  test('is counted, and logged with the API and what is used up; once it is over too', async t => {
    const { brokers, logged, counted, throttleMs, scripted } = await start(t, 1)
    throttleMs[0].push(100, 50)
    const channel = brokers.channel(1, 'control')
    for (const waitMs of [110, 60, 0]) {
      await ask(channel)
      await sleep(waitMs)
    }
    assert.deepEqual(counted, [
      ['1', 3, 0.1],
      ['1', 3, 0.05]
    ])
    const { address } = scripted[0]
    assert.deepEqual(
      logged.map(({ text }) => text),
      [
        `Broker ${address} throttles Metadata for 100 ms: a quota of the gateway's Kafka user or client id is used up`,
        `Broker ${address} no longer throttles Metadata`
      ]
    )
    assert.deepEqual(logged[0].fields, { address, api: 'Metadata', throttleMs: 100 })
  })

  test('is passed over for another', async t => {
    const { brokers, throttleMs, scripted } = await start(t, 2)
    throttleMs[0].push(60_000)
    await ask(brokers.channel(1, 'control'))
    const any = new AnyBroker(brokers)
    for (let number = 0; number < 4; number++) assert.deepEqual(await any.ask(Deadline.after(1000), ask), { broker: 2 })
    assert.equal(scripted[0].asked(METADATA.key).length, 1)
  })

  test('is waited for where the deadline allows; else the caller is told when to come back, at once', async t => {
    const { brokers, throttleMs } = await start(t, 1)
    throttleMs[0].push(300, 7500)
    const any = new AnyBroker(brokers)
    await any.ask(Deadline.after(2000), ask)
    const startedMs = performance.now()
    await any.ask(Deadline.after(2000), ask)
    assert.ok(performance.now() - startedMs >= 290)
    const refusedMs = performance.now()
    await assert.rejects(any.ask(Deadline.after(2000), ask), (error: unknown) => {
      assert.ok(error instanceof KafkaFailure)
      assert.deepEqual([error.kind, error.retriable], ['unreachable', true])
      assert.equal(error.message, 'Kafka throttles the request; nothing was changed.')
      assert.equal(Math.ceil(Number(error.retryAfterMs) / 1000), 8)
      return true
    })
    assert.ok(performance.now() - refusedMs < 500)
  })
})
