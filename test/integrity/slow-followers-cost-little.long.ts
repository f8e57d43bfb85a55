import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/dev/kafka/free-port.ts'
import { alone } from '../support/alone.ts'
import { GatewayProcess } from '../support/gateway-process.ts'
import { sharedBroker } from '../support/gateway.ts'
import { Client } from './support/client.ts'
import { Followers } from './support/followers.ts'
import { minutes } from './support/minutes.ts'
import { read, slopeOf, type Reading } from './support/readings.ts'
import { head, openSockets } from './support/sockets.ts'
import { createTopic } from './support/topics.ts'

await alone()

const VALUE = 'x'.repeat(1000)
const PER_REQUEST = 1000
const STORED_MB = 24
const STANDING = 100
const SLOW = 20
/** A piece has 16 KB over TLS: more than the least rate of a client, and far less than is written. */
const REST_MS = 500
const ROUND_MS = 5000
/** Text, and its encrypted copy until the kernel takes it. */
const STANDING_KB = 2 * 256
/** A connection, its request and its stream, over TLS. */
const OWN_KB = 150

const managementPort = await freePort()

suite('Slow followers cost little', () => {
  let gateway: GatewayProcess
  let topic: string
  let writer: Client
  const ends = [0, 0]
  before(async () => {
    gateway = await GatewayProcess.start({
      bootstrapServers: [sharedBroker()],
      // Standing still is what is tested here.
      settings: { management: { port: managementPort }, limits: { writeTimeoutMs: 3_600_000 } }
    })
    topic = await createTopic(gateway, 'slow-followers', 2)
    writer = new Client(gateway)
    for (let megabyte = 0; megabyte < STORED_MB; megabyte++) await write(PER_REQUEST)
  })
  after(async () => {
    writer.close()
    await gateway.stop()
  })

  async function write(count: number): Promise<void> {
    const records = Array.from({ length: count }, () => {
      const partition = Math.random() < 0.5 ? 0 : 1
      return { value: `${partition}/${ends[partition]++}/${VALUE}`, partition }
    })
    const { status } = await writer.request('POST', `/v1/producer/topics/${topic}`, JSON.stringify({ records }))
    assert.equal(status, 200)
  }

  test('those that read nothing hold a burst each, however much there is, and hold up nobody', async t => {
    const quick = await Followers.start(() => gateway, topic, 1)
    await quick.readTo(ends)
    const beforeMb = (await read(managementPort)).residentMb
    const sockets = await openSockets(gateway, STANDING)
    for (const socket of sockets) {
      socket.pause()
      const path = `/v1/consumer/topics/${topic}/records?from=earliest`
      socket.write(head(gateway.token, 'GET', path, 'Accept: text/event-stream'))
    }
    await sleep(5000)
    const startedMs = performance.now()
    await write(100)
    await quick.readTo(ends)
    const tookMs = performance.now() - startedMs
    const growthKb = (((await read(managementPort)).residentMb - beforeMb) * 1000) / STANDING
    t.diagnostic(
      `${growthKb.toFixed(0)} KB a follower that stands still; another has its records after ${tookMs.toFixed(0)} ms`
    )
    assert.ok(growthKb < STANDING_KB + OWN_KB, `${growthKb} KB each`)
    assert.ok(tookMs < 2500, `${tookMs} ms`)
    quick.stop()
    for (const socket of sockets) socket.destroy()
    assert.deepEqual(quick.problems, [])
  })

  test('those that read slowly leave memory as it is, and have every record in the end', async t => {
    const quick = await Followers.start(() => gateway, topic, 1)
    const slow = await Followers.start(() => gateway, topic, SLOW)
    slow.restMs = REST_MS
    const readings: Reading[] = []
    for (const end = Date.now() + Math.max(minutes() * 60_000, 8 * ROUND_MS); Date.now() < end;) {
      const roundEnd = Date.now() + ROUND_MS
      while (Date.now() < roundEnd) {
        await write(10)
        await sleep(100)
      }
      readings.push(await read(managementPort))
    }
    await quick.readTo(ends)
    slow.restMs = 0
    await slow.readTo(ends, 300_000)
    quick.stop()
    slow.stop()
    const settled = readings.slice(Math.floor(readings.length / 3))
    const slope = slopeOf(settled.map(({ residentMb }) => residentMb))
    t.diagnostic(
      `resident ${readings.map(({ residentMb }) => Math.round(residentMb)).join(', ')} MB; heap ${readings.map(({ heapMb }) => Math.round(heapMb)).join(', ')} MB; ${slope.toFixed(2)} MB a round; ${slow.ended} streams ended`
    )
    assert.deepEqual([...quick.problems, ...slow.problems], [])
    assert.equal(slow.ended, 0)
    assert.ok(slope < 5, 'resident memory stays')
  })
})
