import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { GatewayError } from '../../../src/core/errors.ts'
import type { Cluster } from '../../../src/kafka/cluster.ts'
import { alone } from '../../support/alone.ts'
import { sharedBroker, uniqueTopic } from '../../support/gateway.ts'
import { clusterOf, soon } from '../../kafka/groups/support.ts'
import { produce } from './produce.ts'
import { callOf, Collected, consumersOf, type GatewayUnderTest, PLAIN, waiting } from './support.ts'

await alone()

const PARTITIONS = [0, 1, 2]
const BATCHES = 60
const PER_BATCH = 20
const GATEWAYS = 3
const KILL_EVERY_MS = 700

interface Gateway {
  readonly cluster: Cluster
  readonly consumers: GatewayUnderTest
}

suite('Rule 6: consumer instances behind gateways that are killed', () => {
  const gateways: Gateway[] = []
  const dead: Cluster[] = []
  const start = async (): Promise<Gateway> => {
    const cluster = await clusterOf(sharedBroker())
    return { cluster, consumers: consumersOf(cluster) }
  }
  before(async () => {
    while (gateways.length < GATEWAYS) gateways.push(await start())
  })
  after(async () => {
    for (const { consumers, cluster } of gateways) {
      await consumers.close()
      await cluster.close()
    }
    for (const cluster of dead) await cluster.close()
  })

  for (const autoCommit of [true, false])
    test(`every record is delivered, in order; twice only around a kill (auto commit ${String(autoCommit)})`, async () => {
      const topic = uniqueTopic('killed')
      const group = uniqueTopic('group')
      const [{ cluster }] = gateways
      await cluster.topics.create(
        topic,
        { partitionCount: PARTITIONS.length, replicationFactor: 1, properties: new Map() },
        soon()
      )
      for (const name of ['i', 'j']) {
        await gateways[0].consumers.create(callOf(), group, name, { ...PLAIN, autoCommit })
        await gateways[0].consumers.subscribe(callOf(), group, name, { topics: [topic] })
      }
      // A kill in the middle of the first rebalance may cost an instance: see docs/consumers.md.
      const sizeOf = async (name: string) =>
        (await gateways[0].consumers.assignments(callOf(), group, name)).get(topic)?.length ?? 0
      while ((await sizeOf('i')) + (await sizeOf('j')) !== PARTITIONS.length) await sleep(20)
      const writer = await clusterOf(sharedBroker())
      const stored = PARTITIONS.map(() => 0)
      let isWriting = true
      const writing = (async () => {
        for (let batch = 0; batch < BATCHES; batch++) {
          const partition = batch % PARTITIONS.length
          const values = Array.from({ length: PER_BATCH }, (_, index) => String(stored[partition] + index))
          await produce(writer, topic, partition, values)
          stored[partition] += PER_BATCH
          await sleep(60)
        }
        isWriting = false
      })()
      /** Next offset of each partition that nobody has been given. */
      const next = PARTITIONS.map(() => 0)
      const again: string[] = []
      let unsent = 0
      let kills = 0
      let hasFailed = false
      const whole = () =>
        hasFailed || (!isWriting && PARTITIONS.every(partition => next[partition] === stored[partition]))
      const killing = (async () => {
        while (!whole()) {
          await sleep(KILL_EVERY_MS)
          const victim = Math.floor(Math.random() * GATEWAYS)
          const [{ cluster: killed }] = gateways.splice(victim, 1, await start())
          killed.groups.close()
          killed.reads.close()
          dead.push(killed)
          kills++
        }
      })()
      const client = async (name: string) => {
        for (const end = Date.now() + 60_000; !whole();) {
          assert.ok(Date.now() < end, `${next.join()} of ${stored.join()}`)
          const gateway = gateways[Math.floor(Math.random() * GATEWAYS)]
          const sink = new Collected()
          const request = { waitMs: 300, maxBytes: 200, signal: new AbortController().signal, sink, waiting }
          try {
            const polled = await gateway.consumers.poll(callOf(), group, name, request)
            // A gateway that was killed meanwhile has sent nothing: its answer is lost, and it cannot know.
            if (!gateways.includes(gateway) || Math.random() < 0.05) {
              unsent++
              continue
            }
            const before = [...next]
            for (const { partition, offset } of sink.places) {
              if (offset < before[partition]) again.push(`${partition}-${offset}`)
              else assert.equal(offset, next[partition], `partition ${partition}: a record is skipped`)
              next[partition] = Math.max(next[partition], offset + 1)
            }
            polled.sent()
          } catch (error) {
            if (!gateways.includes(gateway)) continue
            // No 404 for an instance that lives, and nothing that is not to be repeated.
            if (error instanceof GatewayError && error.code === 'GROUP_BUSY') continue
            hasFailed = true
            throw error
          }
        }
      }
      await Promise.all([writing, killing, client('i'), client('j')])
      assert.ok(kills >= 3, `${kills} kills`)
      await gateways[0].consumers.delete(callOf(), group, 'i')
      await gateways[0].consumers.delete(callOf(), group, 'j')
      const committed = (await writer.groups.committed(group, null, soon())).get(topic)
      for (const partition of PARTITIONS) {
        const told = committed?.get(partition)
        const offset = typeof told === 'object' ? told.offset : -1
        if (autoCommit) assert.ok(offset <= next[partition], `${offset} is committed, ${next[partition]} delivered`)
        else assert.equal(offset, -1)
      }
      await writer.close()
    })
})
