import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../src/dev/kafka/free-port.ts'

const TWO_WORKERS = fileURLToPath(new URL('support/two-workers.ts', import.meta.url))
const KILLS = 4
const PATIENCE_MS = 10_000

test(
  'a connection that was on its way to a worker when that died is closed, and its client waits for nothing',
  { timeout: 60_000 },
  async t => {
    const port = await freePort()
    const parent = fork(TWO_WORKERS, [String(port)])
    t.after(async () => {
      parent.disconnect()
      await once(parent, 'exit')
    })
    const outcomes = { answered: 0, closed: 0, forgotten: 0 }
    const exchange = () =>
      new Promise<void>(resolve => {
        let outcome: keyof typeof outcomes = 'closed'
        const socket = connect(port, '127.0.0.1').on('error', () => undefined)
        socket.on('data', () => (outcome = 'answered'))
        socket.setTimeout(PATIENCE_MS, () => {
          outcome = 'forgotten'
          socket.destroy()
        })
        socket.on('close', () => {
          outcomes[outcome]++
          resolve()
        })
      })
    await once(parent, 'message')
    await once(parent, 'message')
    const over = new AbortController()
    const clients = Array.from({ length: 8 }, async () => {
      while (!over.signal.aborted) await exchange()
    })
    for (let kill = 0; kill < KILLS; kill++) {
      const before = outcomes.answered
      while (outcomes.answered < before + 100) await exchange()
      parent.send('kill')
      // Another one listens.
      await once(parent, 'message')
    }
    over.abort()
    await Promise.all(clients)
    assert.equal(outcomes.forgotten, 0)
    assert.ok(outcomes.answered > KILLS * 100)
  }
)
