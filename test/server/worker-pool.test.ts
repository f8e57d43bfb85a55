import assert from 'node:assert/strict'
import type { Worker } from 'node:cluster'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { Config } from '../../src/config/schema.ts'
import { WorkerFailure } from '../../src/server/workers/worker-failure.ts'
import { WorkerPool } from '../../src/server/workers/worker-pool.ts'
import { waitUntil } from '../http/support/wait-until.ts'

type Start = 'serves' | 'throws' | 'is no process' | 'exits'

/** Processes that never exist: each start goes as told, those beyond serve. */
function poolOf(size: number, starts: readonly Start[]) {
  const workers: FakeWorker[] = []
  const lines: string[] = []
  const at = (level: string) => (_: object, message: string) => void lines.push(`${level} ${message}`)
  const log = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const config = () => ({ workers: size, metrics: { topics: 0 } }) as Config
  const pool = new WorkerPool(config, log, () => {
    const worker = new FakeWorker(starts[workers.length] ?? 'serves')
    workers.push(worker)
    if (worker.start === 'throws') throw new Error('spawn EMFILE')
    return worker as unknown as Worker
  })
  return { pool, workers, lines }
}

class FakeWorker extends EventEmitter {
  readonly start: Start
  readonly id = 1
  readonly process: { readonly pid: number | undefined; readonly signalCode: string | null; kill(): void }

  constructor(start: Start) {
    super()
    this.start = start
    const pid = start === 'is no process' ? undefined : 1
    this.process = { pid, signalCode: null, kill: () => void this.emit('exit', null, 'SIGKILL') }
    setImmediate(() => {
      if (start === 'serves') this.emit('message', { kind: 'serving' })
      else if (start === 'exits') this.emit('exit', 7, null)
      else if (start === 'is no process') this.emit('error', new Error('spawn EAGAIN'))
    })
  }

  isConnected(): boolean {
    return false
  }
}

const LIMIT = { timeout: 10_000 }

for (const start of ['throws', 'is no process', 'exits'] as const)
  test(
    `a worker whose start fails (it ${start}) is logged, counted and tried again until it serves`,
    LIMIT,
    async () => {
      const { pool, workers, lines } = poolOf(2, ['serves', start, start])
      await pool.start()
      await pool.startOthers()
      assert.equal(pool.complete, false)
      await waitUntil(() => pool.complete)
      assert.equal(workers.length, 4)
      assert.deepEqual(pool.failures, { died: 0, notStarted: 2 })
      assert.deepEqual(lines, [
        'error A WORKER CANNOT START: it is tried again',
        'error A WORKER CANNOT START: it is tried again',
        'info A worker was replaced'
      ])
    }
  )

test('the first worker whose start fails ends the start, with its status or its reason', LIMIT, async () => {
  for (const start of ['throws', 'is no process'] as const)
    await assert.rejects(poolOf(2, [start]).pool.start(), /spawn E(MFILE|AGAIN)/)
  await assert.rejects(
    poolOf(2, ['exits']).pool.start(),
    (error: unknown) => error instanceof WorkerFailure && error.exitCode === 7
  )
})

test('a worker that dies while others start is replaced', LIMIT, async () => {
  const { pool, workers, lines } = poolOf(3, [])
  await pool.start()
  const started = pool.startOthers()
  await waitUntil(() => workers.length === 3)
  workers[0].emit('exit', null, 'SIGKILL')
  await started
  await waitUntil(() => pool.complete)
  assert.equal(workers.length, 4)
  assert.deepEqual(pool.failures, { died: 1, notStarted: 0 })
  assert.deepEqual(lines, ['error A WORKER HAS DIED: another follows', 'info A worker was replaced'])
})
