import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { head, openSocket } from './support/sockets.ts'
import { isAlive, startWorkers, until } from './support/workers.ts'

suite('Workers end with their parent', () => {
  test('a second SIGTERM ends all at once, also those that a client holds up', async t => {
    const { gateway } = await startWorkers()
    t.after(() => gateway.stop())
    const pids = gateway.childPids
    const fields = ['Content-Type: application/json', 'Content-Length: 100']
    for (let at = 0; at < 2; at++) {
      const writer = await openSocket(gateway)
      writer.on('error', () => undefined)
      writer.write(head(gateway.token, 'POST', '/v1/producer/topics/any', ...fields))
    }
    await sleep(300)
    gateway.signal('SIGTERM')
    await sleep(500)
    assert.deepEqual(pids.filter(isAlive), pids)
    const askedMs = performance.now()
    gateway.signal('SIGTERM')
    assert.notEqual(await gateway.exited, 0)
    await until('no worker is left', () => !pids.some(isAlive))
    assert.ok(performance.now() - askedMs < 1500)
  })
})
