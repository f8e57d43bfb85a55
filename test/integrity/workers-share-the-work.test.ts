import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { appWithGroups } from '../../src/dev/identity/directory.ts'
import { alone } from '../support/alone.ts'
import { sharedBroker } from '../support/gateway.ts'
import { metric } from '../support/metrics.ts'
import { cpuUsOf } from '../support/process-cpu.ts'
import { Client } from './support/client.ts'
import { createTopic, storedRecords } from './support/topics.ts'
import { type Instance, isAlive, ready, startWorkers, until } from './support/workers.ts'

await alone()

const BIN = new URL('../../bin/kafka-rest-gateway.js', import.meta.url).pathname
const BODY = JSON.stringify({ records: Array.from({ length: 20 }, (_, at) => ({ value: `v${at}` })) })

/** Clients of one connection each that write until told to stop; how they fared. */
function load({ gateway }: Instance, topic: string, clients: number) {
  const going = new AbortController()
  let acknowledged = 0
  const statuses = new Map<number, number>()
  const work = async () => {
    const client = new Client(gateway)
    while (!going.signal.aborted) {
      const { status, headers } = await client.request('POST', `/v1/producer/topics/${topic}`, BODY)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === 200) acknowledged += 20
      if (headers.connection === 'close' || status === 503) break
      if (status === 0) await sleep(20)
    }
    client.close()
  }
  const all = Promise.all(Array.from({ length: clients }, work))
  return {
    async end() {
      going.abort()
      await all
      return { acknowledged, statuses }
    }
  }
}

suite('Workers share the work of one port', () => {
  let instance: Instance
  let second: Instance | undefined

  before(async () => void (instance = await startWorkers()))
  after(async () => {
    await instance.gateway.stop()
    await second?.gateway.stop()
  })

  test('both serve; the metrics are the sum; what each limits is a share; SIGHUP and log level reach both', async t => {
    const { gateway, managementPort } = instance
    const topic = await createTopic(gateway, 'workers', 3)
    const pids = gateway.childPids
    assert.equal(pids.length, 2)
    const before = pids.map(pid => cpuUsOf(pid))
    const working = load(instance, topic, 8)
    await sleep(1000)
    const { acknowledged, statuses } = await working.end()
    const spent = pids.map((pid, at) => cpuUsOf(pid) - before[at])
    t.diagnostic(
      `${acknowledged} records; CPU of the workers ${spent.map(us => Math.round(us / 1000)).join(' and ')} ms`
    )
    assert.ok(Math.min(...spent) > Math.max(...spent) / 4, `CPU of the workers: ${spent.join(', ')} µs`)
    assert.deepEqual([...statuses.keys()], [200])
    assert.equal(await metric(managementPort, 'kafka_rest_produce_records_total{outcome="stored"}'), acknowledged)
    assert.equal(await storedRecords(gateway, topic), acknowledged)
    assert.equal(await metric(managementPort, 'kafka_rest_in_flight_limit_bytes'), 256 * 1024 * 1024)
    for (const worker of ['1', '2', 'parent'])
      assert.ok((await metric(managementPort, `kafka_rest_start_time_seconds{worker="${worker}"}`)) > 0, worker)
    gateway.signal('SIGHUP')
    await until('the rules were read again', async () => {
      return (await metric(managementPort, 'kafka_rest_rules_reloads_total{outcome="taken"}')) === 1
    })
    // Probes of health are logged at debug.
    const put = { method: 'PUT', body: '{"level":"debug"}' }
    assert.equal((await fetch(`http://127.0.0.1:${managementPort}/log-level`, put)).status, 200)
    await until('both log a probe', async () => {
      const client = new Client(gateway)
      assert.equal((await client.request('GET', '/health/live')).status, 200)
      client.close()
      const probes = gateway.log.split('\n').filter(line => line.includes('/health/live'))
      return ['1', '2'].every(worker => probes.some(line => line.includes(`"worker":"${worker}"`)))
    })
  })

  test('kill -9 of one under load: its connections break, others go on, it is replaced, no acknowledged record is lost, the sums do not fall', async t => {
    const { gateway, managementPort } = instance
    const topic = await createTopic(gateway, 'workers', 3)
    const working = load(instance, topic, 8)
    await sleep(700)
    const stored = 'kafka_rest_produce_records_total{outcome="stored"}'
    const counted = await metric(managementPort, stored)
    const [victim, other] = gateway.childPids
    process.kill(victim, 'SIGKILL')
    await until(
      'readiness tells of it',
      async () => (await ready(managementPort)).notReady?.includes('workers') === true
    )
    await until('it was replaced', async () => (await ready(managementPort)).status === 200)
    assert.ok((await metric(managementPort, stored)) >= counted)
    await sleep(500)
    const { acknowledged, statuses } = await working.end()
    const pids = gateway.childPids
    assert.ok(pids.includes(other) && !pids.includes(victim) && pids.length === 2, pids.join())
    const broken = statuses.get(0) ?? 0
    const found = await storedRecords(gateway, topic)
    t.diagnostic(`${acknowledged} records acknowledged, ${found} found, ${broken} requests broken off`)
    assert.deepEqual(
      [...statuses.keys()].filter(status => status !== 0),
      [200]
    )
    assert.ok(broken >= 1 && broken <= 8, `${broken} requests were broken off`)
    assert.ok(found >= acknowledged && found <= acknowledged + broken * 20, `${found} found of ${acknowledged}`)
    const died = () => gateway.warnings.find(({ msg }) => msg.startsWith('A WORKER HAS DIED'))
    await until('it is logged', () => died() !== undefined)
    assert.deepEqual([died()?.pid, died()?.signal], [victim, 'SIGKILL'])
  })

  test('a worker that is replaced has the settings of its sibling, whatever the file says by now, and the rules that were reloaded', async () => {
    const { gateway, managementPort } = instance
    const topic = await createTopic(gateway, 'workers', 1)
    const config = JSON.parse(readFileSync(gateway.configFile, 'utf8')) as { auth: object; limits: object }
    const rules = [{ principals: [appWithGroups.objectId], operations: ['read'], topics: [topic] }]
    const changed = {
      ...config,
      workers: 1,
      limits: { ...config.limits, bodyBytes: 1024 },
      auth: { ...config.auth, rules }
    }
    writeFileSync(gateway.configFile, JSON.stringify(changed))
    const status = async (body: string) => {
      const client = new Client(gateway)
      const answer = await client.request('POST', `/v1/producer/topics/${topic}`, body)
      client.close()
      return answer.status
    }
    await until('both have the rules', async () => (await status('{}')) === 403 && (await status('{}')) === 403)
    const waiting = () => gateway.warnings.find(({ msg }) => msg.includes('WAITS FOR A RESTART'))?.waiting
    await until('it says what waits', () => waiting() !== undefined)
    assert.deepEqual(waiting(), ['limits.bodyBytes', 'workers'])
    writeFileSync(gateway.configFile, 'not: [sound')
    await until('that is refused', () => gateway.warnings.some(({ msg }) => msg.includes('IS NOT USED')))
    process.kill(gateway.childPids[0], 'SIGKILL')
    await until('it is gone', async () => (await ready(managementPort)).status !== 200)
    await until('it was replaced', async () => (await ready(managementPort)).status === 200)
    for (let turn = 0; turn < 4; turn++) assert.equal(await status('{}'), 403)
    const open = {
      ...config,
      auth: { ...config.auth, rules: [{ ...rules[0], operations: ['create', 'read', 'write'], topics: ['*'] }] }
    }
    writeFileSync(gateway.configFile, JSON.stringify(open))
    const large = JSON.stringify({ records: [{ value: 'v'.repeat(2000) }] })
    await until('both may write', async () => (await status(large)) === 200 && (await status(large)) === 200)
    for (let turn = 0; turn < 4; turn++) assert.equal(await status(large), 200)
  })

  test('SIGTERM to the whole group under load: both answer what they accepted, exit 0, no record more or less', async () => {
    const { gateway } = instance
    const topic = await createTopic(gateway, 'workers', 3)
    const working = load(instance, topic, 12)
    await sleep(700)
    const pids = gateway.childPids
    for (const pid of pids) process.kill(pid, 'SIGTERM')
    gateway.signal('SIGTERM')
    assert.equal(await gateway.exited, 0)
    const { acknowledged, statuses } = await working.end()
    assert.deepEqual(pids.filter(isAlive), [])
    assert.deepEqual(
      [...statuses.keys()].filter(status => status !== 200 && status !== 503),
      []
    )
    second = await startWorkers()
    assert.equal(await storedRecords(second.gateway, topic), acknowledged)
    for (const line of gateway.log.trimEnd().split('\n')) assert.doesNotThrow(() => JSON.parse(line), line)
  })

  test('SIGKILL of the parent leaves no process', async () => {
    const { gateway } = (second ??= await startWorkers())
    const pids = gateway.childPids
    assert.equal(pids.length, 2)
    gateway.signal('SIGKILL')
    assert.equal(await gateway.exited, 'SIGKILL')
    await until('no worker is left', () => !pids.some(isAlive))
  })

  test('a start that fails says what a single process says, once, with its status', async t => {
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    t.after(() => holder.close())
    const address = holder.address()
    assert.ok(typeof address === 'object' && address !== null)
    const failure = async (workers: string) => {
      const env = {
        PATH: process.env.PATH,
        KAFKA_REST_LISTEN_HOST: '127.0.0.1',
        KAFKA_REST_LISTEN_PORT: String(address.port),
        KAFKA_REST_LISTEN_TLS: 'none',
        KAFKA_REST_AUTH_MODE: 'none',
        KAFKA_REST_KAFKA_BOOTSTRAP_SERVERS: sharedBroker(),
        KAFKA_REST_WORKERS: workers
      }
      const child = spawn(process.execPath, [BIN, 'serve'], { env, stdio: ['ignore', 'ignore', 'pipe'] })
      let text = ''
      child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      const [status] = (await once(child, 'close')) as [number | null]
      return { status, text }
    }
    const single = await failure('1')
    assert.equal(single.status, 1)
    assert.match(single.text, /^kafka-rest-gateway: Port \d+ of 127\.0\.0\.1 is in use\./)
    assert.deepEqual(await failure('2'), single)
  })
})
