import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BrokerNode } from '../../../src/kafka/transport/broker-node.ts'
import { Brokers } from '../../../src/kafka/transport/brokers.ts'
import { TransportError } from '../../../src/kafka/transport/transport-error.ts'
import { kafkaConfig, ScriptedBroker, silent } from './scripted-broker.ts'

const nodes = (...ports: readonly number[]): Map<number, BrokerNode> =>
  new Map(ports.map((port, index) => [index + 1, { id: index + 1, host: '127.0.0.1', port, rack: null }]))

suite('Brokers', () => {
  test('asks the bootstrap addresses until brokers are known, IPv6 ones without their brackets', () => {
    const brokers = new Brokers(kafkaConfig(['kafka.example:9092', '[::1]:9093']), {}, silent)
    assert.deepEqual(
      brokers.anyChannels().map(({ host, port }) => [host, port]),
      [
        ['kafka.example', 9092],
        ['::1', 9093]
      ]
    )
    assert.throws(() => brokers.channel(1, 'control'), new TransportError('Broker 1 is not known', false))
  })

  test('begins with another broker each time, the bootstrap addresses behind them all', () => {
    const brokers = new Brokers(kafkaConfig(['127.0.0.1:1000']), {}, silent)
    brokers.update(nodes(1001, 1002, 1003), 'kafka:9092')
    const orders = Array.from({ length: 4 }, () => brokers.anyChannels().map(({ port }) => port))
    assert.deepEqual(orders, [
      [1001, 1002, 1003, 1000],
      [1002, 1003, 1001, 1000],
      [1003, 1001, 1002, 1000],
      [1001, 1002, 1003, 1000]
    ])
  })

  test("a bootstrap address that is a broker's own is not asked twice", () => {
    const brokers = new Brokers(kafkaConfig(['127.0.0.1:1000', '127.0.0.1:1002']), {}, silent)
    brokers.update(nodes(1001, 1002), 'kafka:9092')
    assert.deepEqual(
      brokers.anyChannels().map(({ port }) => port),
      [1001, 1002, 1000]
    )
  })

  test('learns of one broker beside the others, and where it is now', async () => {
    const brokers = new Brokers(kafkaConfig(['127.0.0.1:1000']), {}, silent)
    brokers.update(nodes(1001, 1002), 'kafka:9092')
    const moved = brokers.channel(2, 'produce')
    const stays = brokers.channel(1, 'produce')
    brokers.learn([{ id: 2, host: '127.0.0.1', port: 2002, rack: null }], 'an answer of broker 1')
    brokers.learn([{ id: 3, host: '127.0.0.1', port: 1003, rack: null }], 'an answer of broker 1')
    assert.deepEqual(
      [...brokers.nodes.values()].map(({ id, port }) => [id, port]),
      [
        [1, 1001],
        [2, 2002],
        [3, 1003]
      ]
    )
    assert.notEqual(brokers.channel(2, 'produce'), moved)
    assert.equal(brokers.channel(2, 'produce').port, 2002)
    assert.equal(brokers.channel(1, 'produce'), stays)
  })

  test('asks those last that just let somebody wait', () => {
    const brokers = new Brokers(kafkaConfig(['127.0.0.1:1000']), {}, silent)
    brokers.update(nodes(1001, 1002, 1003), 'kafka:9092')
    brokers.channel(1, 'control').avoid()
    assert.deepEqual(
      brokers.anyChannels().map(({ port }) => port),
      [1002, 1003, 1000, 1001]
    )
  })

  test('keeps one channel for each broker, lane and number', () => {
    const brokers = new Brokers(kafkaConfig(['127.0.0.1:1000']), {}, silent)
    brokers.update(nodes(1001, 1002), 'kafka:9092')
    const produce = brokers.channel(1, 'produce')
    assert.equal(brokers.channel(1, 'produce', 0), produce)
    const others = [
      brokers.channel(1, 'produce', 1),
      brokers.channel(1, 'fetch'),
      brokers.channel(1, 'control'),
      brokers.channel(1, 'admin'),
      brokers.channel(2, 'produce')
    ]
    assert.equal(new Set([produce, ...others]).size, 6)
    brokers.update(nodes(1001, 1002), 'kafka:9092')
    assert.equal(brokers.channel(1, 'produce'), produce, 'news that change nothing leave it alone')
  })

  test('logs each connection at debug', async t => {
    const broker = await ScriptedBroker.start()
    const told: object[] = []
    const log = { ...silent, debug: (fields: object, text: string) => void told.push([fields, text]) }
    const brokers = new Brokers(kafkaConfig([broker.address]), {}, log)
    t.after(async () => {
      await brokers.close()
      await broker.close()
    })
    brokers.update(nodes(broker.port), broker.address)
    for (let call = 0; call < 2; call++) await brokers.channel(1, 'produce').connect()
    const fields = { broker: '1', address: broker.address, lane: 'produce', mechanism: undefined, sessionMs: 0 }
    assert.deepEqual(told, [[fields, 'Connected to a broker']])
  })

  test('gives requests that a coordinator may park more time than others', async t => {
    const broker = await ScriptedBroker.start()
    broker.apis.set(11, { max: 5, flexibleSince: 6, serve: () => undefined })
    const brokers = new Brokers(kafkaConfig([broker.address], { requestTimeoutMs: 200 }), {}, silent)
    t.after(async () => {
      await brokers.close()
      await broker.close()
    })
    brokers.update(new Map([[1, { id: 1, host: '127.0.0.1', port: broker.port, rack: null }]]), broker.address)
    const ask = (lane: 'control' | 'join') => brokers.channel(1, lane).request(11, 5, false, Buffer.alloc(0))
    const parked = ask('join').catch(() => 'ended')
    await assert.rejects(ask('control'), /no answer within 200 ms/)
    assert.equal(await Promise.race([parked, sleep(300, 'parked')]), 'parked')
  })

  test('a broker with a new address gets new channels, and the old ones are closed', async t => {
    const broker = await ScriptedBroker.start()
    t.after(() => broker.close())
    const brokers = new Brokers(kafkaConfig(['127.0.0.1:1000']), {}, silent)
    brokers.update(nodes(broker.port), 'kafka:9092')
    const old = brokers.channel(1, 'control')
    await old.connect()
    brokers.update(nodes(1001), 'kafka:9092')
    assert.equal(brokers.channel(1, 'control').port, 1001)
    await assert.rejects(old.connect(), { name: 'TransportError', sent: false })
    assert.throws(() => brokers.channel(2, 'control'), TransportError)
    await brokers.close()
  })

  test('close ends every connection', async t => {
    const broker = await ScriptedBroker.start()
    t.after(() => broker.close())
    const brokers = new Brokers(kafkaConfig([broker.address]), {}, silent)
    brokers.update(nodes(broker.port), 'kafka:9092')
    const lanes = (['fetch', 'admin'] as const).map(lane => brokers.channel(1, lane))
    await Promise.all([...brokers.anyChannels(), ...lanes].map(channel => channel.connect()))
    assert.equal(broker.open, 3)
    await brokers.close()
    for (const end = Date.now() + 2000; broker.open > 0 && Date.now() < end;)
      await new Promise(resolve => setImmediate(resolve))
    assert.equal(broker.open, 0)
  })
})
