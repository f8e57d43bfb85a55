import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../../src/dev/kafka/free-port.ts'
import { waitUntil } from '../../http/support/wait-until.ts'
import { sharedBroker, uniqueTopic } from '../../support/gateway.ts'
import { metric } from '../../support/metrics.ts'
import { answers, isAlive, type Served, serve, untilServing } from './support.ts'

const LIMIT = { timeout: 60_000 }

async function serveWithTwo(t: TestContext, settings: object = {}) {
  const gateway = await serve(t, 'pipe', { workers: 2, ...settings })
  let log = ''
  gateway.child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (log += chunk))
  const lines = () =>
    log
      .split('\n')
      .slice(0, -1)
      .map(line => JSON.parse(line) as Record<string, unknown>)
  return { gateway, lines, said: (text: string) => log.split(text).length - 1 }
}

const workersOf = ({ child: { pid } }: Served): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)

test(
  'a worker that cannot be forked for want of file descriptors is tried again, and serves when there are some',
  LIMIT,
  async t => {
    const port = await freePort()
    const { gateway, lines, said } = await serveWithTwo(t, { management: { port } })
    await waitUntil(() => said('All workers serve') === 1)
    const { pid } = gateway.child
    const limitFiles = (most: string) => execFileSync('prlimit', [`--pid=${pid}`, `--nofile=${most}:`])
    const [victim, other] = workersOf(gateway)
    limitFiles(String(readdirSync(`/proc/${pid}/fd`).length - 1))
    process.kill(victim, 'SIGKILL')
    await waitUntil(() => said('A WORKER CANNOT START') >= 2)
    const { cause, err } = lines().find(({ msg }) => String(msg).startsWith('A WORKER CANNOT START')) ?? {}
    assert.match(String(cause), /^Error: [^\n]+$/, 'no stack in the line')
    assert.equal(err, undefined)
    assert.deepEqual(workersOf(gateway), [other])
    limitFiles('1024')
    await waitUntil(() => said('A worker was replaced') === 1)
    assert.equal(workersOf(gateway).length, 2)
    assert.equal(await answers(gateway.url), true)
    const failures = (kind: string) => metric(port, `kafka_rest_worker_failures_total{kind="${kind}"}`)
    assert.equal(await failures('died'), 1)
    assert.equal(await failures('not_started'), said('A WORKER CANNOT START'))
    gateway.child.kill('SIGTERM')
    assert.equal(await gateway.exited, 0)
  }
)

test('a worker that dies while the other starts is replaced', LIMIT, async t => {
  const { gateway, said } = await serveWithTwo(t)
  // The second is forked when the first serves.
  await waitUntil(() => workersOf(gateway).length === 2)
  assert.equal(said('All workers serve'), 0)
  process.kill(workersOf(gateway)[0], 'SIGKILL')
  await waitUntil(() => said('A WORKER HAS DIED') === 1)
  await waitUntil(() => said('A worker was replaced') === 1)
  assert.equal(workersOf(gateway).length, 2)
  assert.equal(await answers(gateway.url), true)
})

for (const workers of [1, 2])
  test(`SIGTERM while the gateway starts is obeyed once it has started (${workers} workers)`, LIMIT, async t => {
    const { gateway, said } = await serveWithTwo(t, { workers })
    await waitUntil(() => said('"Starting"') === 1)
    gateway.child.kill('SIGTERM')
    assert.equal(await gateway.exited, 0)
    assert.equal(said('"Stopped"'), workers === 1 ? 1 : 2)
  })

test('SIGTERM while a worker still starts ends all in order', LIMIT, async t => {
  const { gateway, said } = await serveWithTwo(t)
  // The second is forked when the first serves.
  await waitUntil(() => workersOf(gateway).length === 2)
  assert.equal(said('All workers serve'), 0)
  const pids = workersOf(gateway)
  gateway.child.kill('SIGTERM')
  assert.equal(await gateway.exited, 0)
  assert.deepEqual(pids.filter(isAlive), [])
})

test('workers name the same topics in their metrics, so that the sums by topic are right', LIMIT, async t => {
  const port = await freePort()
  const { gateway } = await serveWithTwo(t, {
    kafka: { bootstrapServers: [sharedBroker()] },
    management: { port },
    metrics: { topics: 1 }
  })
  await untilServing(gateway)
  const metrics = async () => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  while (!/^kafka_rest_ready\{part="workers"\} 1$/m.test(await metrics())) await sleep(50)
  const topics = [uniqueTopic('first'), uniqueTopic('second')]
  const call = async (path: string, method: string, body: object) => {
    const headers = { 'content-type': 'application/json', connection: 'close' }
    const response = await fetch(`${gateway.url}${path}`, { method, headers, body: JSON.stringify(body) })
    return response.status
  }
  for (const topic of topics) while ((await call(`/v1/topics/${topic}`, 'PUT', {})) !== 200) await sleep(100)
  // Connections go to the workers in turn: each would name another topic.
  for (let n = 0; n < 10; n++)
    for (const topic of topics)
      assert.equal(await call(`/v1/producer/topics/${topic}`, 'POST', { records: [{ value: n }] }), 200)
  const lines = (await metrics()).split('\n').filter(line => line.startsWith('kafka_rest_topic_produce_records_total{'))
  assert.deepEqual(lines.toSorted(), [
    'kafka_rest_topic_produce_records_total{topic="(other)"} 10',
    `kafka_rest_topic_produce_records_total{topic="${topics[0]}"} 10`
  ])
})

test(
  'the first line says what runs where, and each line of a worker names it, those of requests too',
  LIMIT,
  async t => {
    const { gateway, lines, said } = await serveWithTwo(t)
    await waitUntil(() => said('All workers serve') === 1)
    for (let n = 0; n < 4; n++) await fetch(`${gateway.url}/v1/nowhere`, { headers: { connection: 'close' } })
    await waitUntil(() => said('"msg":"request"') >= 4)
    const [first, ...others] = lines()
    const { version, time, ...known } = first
    assert.match(String(version), /^\d+\.\d+\.\d+/)
    assert.ok(Date.parse(String(time)) > 0)
    assert.deepEqual(known, {
      level: 'info',
      node: process.versions.node,
      pid: gateway.child.pid,
      config: `${gateway.folder}/gateway.json`,
      workers: 2,
      listen: `127.0.0.1 ${new URL(gateway.url).port}`,
      management: 'off',
      kafka: ['127.0.0.1:1'],
      msg: 'Starting'
    })
    const workersOfLines = (text: string) =>
      new Set(others.filter(({ msg }) => msg === text).map(({ worker }) => worker))
    assert.deepEqual(workersOfLines('request'), new Set(['1', '2']))
    assert.deepEqual(workersOfLines('Listening'), new Set(['1', '2']))
    assert.deepEqual(workersOfLines('All workers serve'), new Set([undefined]))
  }
)
