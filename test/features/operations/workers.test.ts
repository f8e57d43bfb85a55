import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { waitUntil } from '../../http/support/wait-until.ts'
import { answers, type Served, serve, untilServing } from './support.ts'

const LIMIT = { timeout: 60_000 }

async function serveWithTwo(t: TestContext) {
  const gateway = await serve(t, 'pipe', { workers: 2 })
  let log = ''
  gateway.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (log += chunk))
  return { gateway, said: (text: string) => log.split(text).length - 1 }
}

const workersOf = ({ child: { pid } }: Served): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

test(
  'a worker that cannot be forked for want of file descriptors is tried again, and serves when there are some',
  LIMIT,
  async t => {
    const { gateway, said } = await serveWithTwo(t)
    await waitUntil(() => said('All workers serve') === 1)
    const { pid } = gateway.child
    const limitFiles = (most: string) => execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${most}:`])
    const [victim, other] = workersOf(gateway)
    limitFiles(String(readdirSync(`/proc/${pid}/fd`).length - 1))
    process.kill(victim, 'SIGKILL')
    await waitUntil(() => said('A WORKER CANNOT START') >= 2)
    assert.deepEqual(workersOf(gateway), [other])
    limitFiles('1024')
    await waitUntil(() => said('A worker was replaced') === 1)
    assert.equal(workersOf(gateway).length, 2)
    assert.equal(await answers(gateway.url), true)
    gateway.child.kill('SIGTERM')
    assert.equal(await gateway.exited, 0)
  }
)

test('a worker that dies while the other starts is replaced', LIMIT, async t => {
  const { gateway, said } = await serveWithTwo(t)
  await untilServing(gateway)
  await waitUntil(() => workersOf(gateway).length === 2)
  assert.equal(said('All workers serve'), 0)
  process.kill(workersOf(gateway)[0], 'SIGKILL')
  await waitUntil(() => said('A WORKER HAS DIED') === 1)
  await waitUntil(() => said('A worker was replaced') === 1)
  assert.equal(workersOf(gateway).length, 2)
  assert.equal(await answers(gateway.url), true)
})
