import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { closeSync, constants, openSync } from 'node:fs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { answers, type Served, serve, untilServing } from './support.ts'

const LIMIT = { timeout: 60_000 }

const opened = (t: TestContext, path: string, flags: string | number): number => {
  const fd = openSync(path, flags)
  t.after(() => closeSync(fd))
  return fd
}

/** The writing end of a pipe that nobody reads. */
function stalledPipe(t: TestContext): number {
  const folder = mkdtempSync(join(tmpdir(), 'stalled-pipe-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  opened(t, path, constants.O_RDONLY | constants.O_NONBLOCK)
  return opened(t, path, constants.O_WRONLY)
}

/** More than a pipe holds. */
async function fillLog(url: string): Promise<void> {
  for (let round = 0; round < 20; round++)
    await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/v1/${'x'.repeat(200)}`)))
  await sleep(200)
}

/** On standard error. */
async function untilSaid({ stderr }: Served, text: RegExp): Promise<void> {
  for (const end = Date.now() + 10_000; !text.test(stderr()); await sleep(20)) assert.ok(Date.now() < end, stderr())
}

for (const workers of [1, 2])
  test(
    `with ${workers} worker(s) and a full disk under standard output the gateway serves, standard error says why, SIGTERM ends it in order`,
    LIMIT,
    async t => {
      const gateway = await serve(t, opened(t, '/dev/full', 'w'), { workers })
      await untilServing(gateway)
      await fillLog(gateway.url)
      assert.equal(await answers(gateway.url), true)
      await untilSaid(gateway, /^kafka-rest-gateway: standard output cannot be written \(ENOSPC: .*\)/m)
      gateway.child.kill('SIGTERM')
      assert.equal(await gateway.exited, 0)
      assert.match(gateway.stderr(), /^kafka-rest-gateway: the last \d+ lines of the log are lost: ENOSPC/m)
    }
  )

for (const workers of [1, 2])
  test(
    `with ${workers} worker(s) and a pipe that nobody reads the gateway serves, and SIGTERM ends it within its grace`,
    LIMIT,
    async t => {
      const gateway = await serve(t, stalledPipe(t), { workers })
      await untilServing(gateway)
      await fillLog(gateway.url)
      assert.equal(await answers(gateway.url), true)
      const startedMs = performance.now()
      gateway.child.kill('SIGTERM')
      assert.equal(await gateway.exited, 0)
      assert.ok(performance.now() - startedMs < 8000, `${performance.now() - startedMs} ms`)
      assert.match(
        gateway.stderr(),
        /^kafka-rest-gateway: the last \d+ lines of the log are lost: its reader is too slow$/m
      )
    }
  )

test('a socket that nobody reads is as a pipe', LIMIT, async t => {
  const gateway = await serve(t, 'pipe')
  gateway.child.stdout?.pause()
  await untilServing(gateway)
  for (let round = 0; round < 3; round++) await fillLog(gateway.url)
  assert.equal(await answers(gateway.url), true)
  gateway.child.kill('SIGTERM')
  assert.equal(await gateway.exited, 0)
})

test('a reader of standard output that goes away costs the log and nothing else', LIMIT, async t => {
  const gateway = await serve(t, 'pipe')
  await untilServing(gateway)
  gateway.child.stdout?.destroy()
  await fillLog(gateway.url)
  assert.equal(await answers(gateway.url), true)
  await untilSaid(gateway, /standard output cannot be written \(EPIPE/)
  gateway.child.kill('SIGTERM')
  assert.equal(await gateway.exited, 0)
})
