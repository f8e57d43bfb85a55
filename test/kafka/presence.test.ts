import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../../src/dev/kafka/free-port.ts'
import { Presence } from '../../src/kafka/presence.ts'
import { kafkaConfig, ScriptedBroker, silent } from './transport/scripted-broker.ts'

test('without credentials Kafka is there while a broker tells its versions, at the advertised address once that is known', async t => {
  const broker = await ScriptedBroker.start()
  t.after(() => broker.close())
  const dead = await freePort()
  const here = [{ host: '127.0.0.1', port: broker.port }]
  const nowhere = [{ host: '127.0.0.1', port: dead }]
  for (const [bootstrap, advertised, ready] of [
    [broker.port, [], true],
    [dead, here, true],
    [broker.port, nowhere, false],
    [dead, [], false]
  ] as const) {
    const presence = new Presence(kafkaConfig([`127.0.0.1:${bootstrap}`]), {}, () => advertised, silent)
    await presence.start()
    presence.close()
    assert.equal(presence.ready, ready)
    assert.equal(presence.trouble, ready ? undefined : 'No broker can be reached')
    // Requests are not refused for the first failure.
    assert.equal(presence.outage, undefined)
  }
  assert.deepEqual(broker.requests, [], 'it asks for nothing but versions')
})
