import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { HeartbeatWheel } from '../../../src/kafka/groups/heartbeat-wheel.ts'
import { alone } from '../../support/alone.ts'

await alone()

const TICK_MS = 250
/** How late a timer of a busy machine may be. */
const SLACK_MS = 150

suite('Rule 2: the wheel of heartbeats', { concurrency: true }, () => {
  test('calls each task at its time, not before, and again after what it returns, until that is null', async () => {
    const wheel = new HeartbeatWheel()
    const startMs = performance.now()
    const calls: number[] = []
    wheel.add(
      {
        due: () => {
          calls.push(performance.now() - startMs)
          return calls.length < 3 ? 400 : null
        }
      },
      300
    )
    await sleep(2200)
    assert.equal(calls.length, 3)
    let earliestMs = 300
    for (const atMs of calls) {
      assert.ok(atMs >= earliestMs && atMs <= earliestMs + TICK_MS + SLACK_MS, calls.join())
      earliestMs = atMs + 400
    }
    wheel.close()
  })

  test('takes no processor time to speak of for ten thousand tasks that are not due', async () => {
    const wheel = new HeartbeatWheel()
    let calls = 0
    for (let count = 0; count < 10_000; count++)
      wheel.add(
        {
          due: () => {
            calls++
            return 15_000
          }
        },
        15_000 + count
      )
    const before = process.cpuUsage()
    await sleep(1000)
    const { user, system } = process.cpuUsage(before)
    assert.ok(user + system < 50_000, `${user + system} µs in a second`)
    assert.equal(calls, 0)
    wheel.close()
  })

  test('keeps a task that is due later than one turn of it', async () => {
    const wheel = new HeartbeatWheel()
    let calls = 0
    wheel.add({ due: () => (calls++, null) }, 512 * TICK_MS + 300)
    await sleep(1000)
    assert.equal(calls, 0)
    wheel.close()
  })
})

test('Rule 2: the wheel of heartbeats does not keep the process alive', () => {
  const wheel = new HeartbeatWheel()
  wheel.add({ due: () => 1000 }, 1000)
  assert.equal(process.getActiveResourcesInfo().includes('Timeout'), false)
  wheel.close()
})
