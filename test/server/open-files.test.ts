import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { loadConfig } from '../../src/config/load.ts'
import { connectionsWithin } from '../../src/server/open-files.ts'
import { Client } from '../integrity/support/client.ts'
import { openSocket } from '../integrity/support/sockets.ts'
import { until } from '../integrity/support/workers.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { sharedBroker, uniqueTopic } from '../support/gateway.ts'

suite('The limit of open files', () => {
  test('leaves room for brokers, and is told where it is the smaller one', () => {
    const { config } = loadConfig({
      env: {},
      flags: {
        kafka: { bootstrapServers: ['kafka:9092'] },
        auth: { mode: 'none' },
        listen: { host: '127.0.0.1', tls: 'none' }
      }
    })
    const told: object[] = []
    const ignore = () => undefined
    const log = { debug: ignore, info: ignore, error: ignore, warn: (fields: object) => void told.push(fields) }
    assert.equal(connectionsWithin(config, log, 100_000), 20_000)
    assert.equal(connectionsWithin(config, log, Infinity), 20_000)
    assert.deepEqual(told, [])
    assert.equal(connectionsWithin(config, log, 1024), 704)
    assert.equal(connectionsWithin(config, log, 80), 40)
    assert.deepEqual(told, [
      { openFiles: 1024, reserved: 320, connections: 704 },
      { openFiles: 80, reserved: 40, connections: 40 }
    ])
  })

  test('used up by clients who do nothing does not cut the gateway off from Kafka', { timeout: 60_000 }, async t => {
    const gateway = await GatewayProcess.start({ bootstrapServers: [sharedBroker()], openFiles: 100 })
    t.after(() => gateway.stop())
    const client = new Client(gateway)
    t.after(() => client.close())
    assert.equal((await client.request('GET', '/v1/metadata/brokers')).status, 200)
    const idle = await Promise.allSettled(Array.from({ length: 100 }, () => openSocket(gateway)))
    const topic = uniqueTopic('descriptors')
    assert.equal((await client.request('PUT', `/v1/topics/${topic}`)).status, 200)
    const body = '{"records":[{"value":1}]}'
    assert.equal((await client.request('POST', `/v1/producer/topics/${topic}`, body)).status, 200)
    assert.equal(idle.filter(({ status }) => status === 'fulfilled').length, 49)
    // The log is written some 100 ms late.
    const told = () => gateway.warnings.map(({ msg }) => msg.split(/[,:]/, 1)[0])
    await until('the refusal is in the log', () => told().length > 1)
    assert.deepEqual(told(), ['limits.connections is 20000', 'Connections are refused'])
    for (const each of idle) if (each.status === 'fulfilled') each.value.destroy()
  })
})
