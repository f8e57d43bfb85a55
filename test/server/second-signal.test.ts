import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/dev/kafka/free-port.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { sharedBroker } from '../support/gateway.ts'
import { untilUnderWay } from '../support/metrics.ts'

test('a second SIGTERM ends the process at once, with status 1, though a request is under way', async t => {
  const port = await freePort()
  const settings = { management: { port } }
  const gateway = await GatewayProcess.start({ bootstrapServers: [sharedBroker()], plain: true, settings })
  t.after(() => gateway.stop())
  const client = connect(gateway.port, '127.0.0.1').on('error', () => undefined)
  const head = `POST /v1/producer/topics/t HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${gateway.token}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`
  await new Promise<void>(resolve => client.write(head, () => resolve()))
  await untilUnderWay(port, 1)
  gateway.signal('SIGTERM')
  assert.equal(await Promise.race([gateway.exited, sleep(1000)]), undefined, 'the request is waited for')
  const startedMs = performance.now()
  gateway.signal('SIGTERM')
  assert.equal(await gateway.exited, 1)
  assert.ok(performance.now() - startedMs < 2000)
})
