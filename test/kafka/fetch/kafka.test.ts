import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Admin, Producer, ProduceAcks } from '@platformatic/kafka'
import { Deadline } from '../../../src/core/deadline.ts'
import { OffsetLookup } from '../../../src/kafka/admin/list-offsets.ts'
import { TopicAdmin } from '../../../src/kafka/admin/topic-admin.ts'
import type { Place } from '../../../src/kafka/fetch/place.ts'
import type { ReadManyOptions } from '../../../src/kafka/fetch/read-request.ts'
import { Reads } from '../../../src/kafka/fetch/reads.ts'
import type { Start } from '../../../src/kafka/fetch/starts.ts'
import { MetadataCache } from '../../../src/kafka/metadata/metadata-cache.ts'
import { Brokers, type Lane } from '../../../src/kafka/transport/brokers.ts'
import { sharedBroker, uniqueTopic } from '../../support/gateway.ts'
import { Interop } from '../../support/java.ts'
import { recordsOf } from '../records/stored.ts'
import { kafkaConfig, silent } from '../transport/scripted-broker.ts'
import { range } from './cluster-of.ts'

const soon = (ms = 8000) => Deadline.after(ms)
const all = (more: Partial<ReadManyOptions> = {}): ReadManyOptions => ({
  isolation: 'committed',
  limits: { records: 10_000, bytes: 6_000_000 },
  deadline: soon(),
  ...more
})

suite('Reading a real broker', () => {
  let brokers: Brokers
  let metadata: MetadataCache
  let offsets: OffsetLookup
  let topics: TopicAdmin
  let reads: Reads
  let producer: Producer
  let witness: Admin
  let java: Interop
  /** Requests on connections of the lane `wait`, and of the lane `fetch`. */
  const sent = { wait: 0, fetch: 0 }

  before(async () => {
    java = await Interop.start(sharedBroker())
    const config = kafkaConfig([sharedBroker()], { requestTimeoutMs: 10_000 })
    brokers = new Brokers(config, {}, silent)
    metadata = new MetadataCache(brokers, silent)
    offsets = new OffsetLookup(brokers, metadata)
    topics = new TopicAdmin(brokers, metadata, offsets, silent)
    const channel = (id: number, lane: Lane & keyof typeof sent, index: number) => {
      const real = brokers.channel(id, lane, index)
      return {
        get resting() {
          return real.resting
        },
        versionNow: real.versionNow.bind(real),
        version: real.version.bind(real),
        throttled: real.throttled.bind(real),
        send: (...request: Parameters<typeof real.send>) => {
          sent[lane]++
          real.send(...request)
        }
      }
    }
    const options = { connectionsPerBroker: 1, requestTimeoutMs: 10_000, cacheBytes: 8_000_000 }
    reads = new Reads({ channel }, metadata, offsets, options, silent)
    const client = { clientId: 'witness', bootstrapBrokers: [sharedBroker()] }
    producer = new Producer(client)
    witness = new Admin(client)
  })

  after(async () => {
    await java.close()
    reads.close()
    await producer.close()
    await witness.close()
    await brokers.close()
  })

  const create = async (purpose: string, partitionCount: number, properties: Record<string, string> = {}) => {
    const topic = uniqueTopic(purpose)
    const spec = { partitionCount, replicationFactor: 1, properties: new Map(Object.entries(properties)) }
    await topics.create(topic, spec, soon())
    return topic
  }
  const write = (topic: string, partition: number, values: readonly string[], timestamps?: readonly number[]) =>
    producer.send({
      acks: ProduceAcks.LEADER,
      messages: values.map((value, index) => {
        const timestamp = timestamps === undefined ? {} : { timestamp: BigInt(timestamps[index]) }
        return { topic, partition, value: Buffer.from(value), ...timestamp }
      })
    })
  const at = (topic: string, partition: number, offset: number): Place => ({ topic, partition, offset })
  const readAll = async (places: readonly Place[], options = all()) => {
    const found = new Map<number, (string | null)[]>()
    await reads.readMany(places, options, page => {
      found.set(
        page.partition,
        recordsOf(page).map(({ value }) => value)
      )
    })
    return found
  }

  test('begins where it is told: at an offset, an end, a time, or the last so many records', async () => {
    const topic = await create('starts', 4)
    const times = [1000, 3000, 2000, 5000, 4000].map(each => 1_700_000_000_000 + each)
    await write(topic, 0, ['a', 'b', 'c', 'd', 'e'], times)
    await write(topic, 1, ['f', 'g'], times.slice(0, 2))
    const from = new Map<number, Start>([
      [3, 'latest'],
      [1, { last: 1 }],
      [0, 3]
    ])
    assert.deepEqual(
      [...(await reads.starts(topic, from, 'committed', soon()))],
      [
        [3, 0],
        [1, 1],
        [0, 3]
      ]
    )
    for (const [start, expected] of [
      ['earliest', [0, 0, 0]],
      ['latest', [5, 2, 0]],
      [{ last: 0 }, [5, 2, 0]],
      [{ last: 2 }, [3, 0, 0]],
      [{ last: 99 }, [0, 0, 0]],
      [{ sinceMs: 0 }, [0, 0, 0]],
      [{ sinceMs: times[1] }, [1, 1, 0]],
      [{ sinceMs: times[4] }, [3, 2, 0]],
      [{ sinceMs: times[3] + 1 }, [5, 2, 0]]
    ] as const) {
      const starts = new Map(range(0, 3).map(partition => [partition, start]))
      const found = await reads.starts(topic, starts, 'committed', soon())
      assert.deepEqual([...found.values()], expected, JSON.stringify(start))
    }
    const listed = await witness.listOffsets({
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: BigInt(times[4]) }] }]
    })
    assert.equal(Number(listed[0].partitions[0].offset), 3)
  })

  test('a time is the broker’s own where the topic says so', async () => {
    const topic = await create('append-time', 1, { 'message.timestamp.type': 'LogAppendTime' })
    await write(topic, 0, ['a'], [1000])
    await sleep(20)
    const betweenMs = Date.now()
    await sleep(20)
    await write(topic, 0, ['b'], [2000])
    const since = async (sinceMs: number) =>
      (await reads.starts(topic, new Map([[0, { sinceMs }]]), 'committed', soon())).get(0)
    assert.deepEqual([await since(3000), await since(betweenMs), await since(Date.now() + 5000)], [0, 1, 2])
  })

  test('where it cannot begin it says so, with the place and the bounds', async () => {
    const topic = await create('no-start', 2)
    await write(topic, 1, ['a', 'b'])
    const start = (partition: number, from: number) =>
      reads.starts(topic, new Map([[partition, from]]), 'committed', soon())
    await assert.rejects(start(1, 3), {
      kind: 'outOfRange',
      message: `Offset 3 is out of range: partition 1 of topic '${topic}' begins at 0 and ends at 2.`,
      bounds: { earliest: 0, lastStable: 2, logEnd: 2 }
    })
    await assert.rejects(start(2, 0), {
      kind: 'unknownPartition',
      message: `Topic '${topic}' has no partition 2; it has 2.`
    })
    await assert.rejects(reads.starts(`${topic}-none`, new Map([[0, 0]]), 'committed', soon()), {
      kind: 'unknownTopic'
    })
  })

  test('the last so many records are records, among transactions too, and what is read is what Java reads', async () => {
    const topic = await create('transactions', 2)
    await write(topic, 1, ['other'])
    await java.ask('transactions', topic)
    const expected = (await java.ask('consume', topic)).map(line => Number(line.split(' ')[0]))
    for (const last of range(1, expected.length + 3)) {
      const found = await reads.starts(topic, new Map([[0, { last }]]), 'committed', soon())
      const start = found.get(0) ?? -1
      const seen = expected.filter(offset => offset >= start).length
      assert.equal(seen, Math.min(last, expected.length), `the last ${last} from ${start}`)
      assert.ok(last >= expected.length || start === expected[expected.length - last])
    }
    const offsetsRead: number[] = []
    await reads.readMany([at(topic, 0, 0), at(topic, 1, 0)], all(), page => {
      if (page.partition === 0) offsetsRead.push(...recordsOf(page).map(({ offset }) => offset))
      else assert.equal(page.count, 1)
    })
    assert.deepEqual(offsetsRead, expected)
  })

  test('many partitions share a page, and what is left over goes on from there', async () => {
    const topic = await create('many', 5)
    for (const partition of range(0, 5))
      await write(
        topic,
        partition,
        range(0, 40).map(number => `${partition}-${number}`)
      )
    let places = range(0, 5).map(partition => at(topic, partition, 0))
    const seen = range(0, 5).map((): (string | null)[] => [])
    for (let round = 0; round < 20; round++) {
      const counts: number[] = []
      const next: Place[] = []
      await reads.readMany(places, all({ limits: { records: 23, bytes: 1e6 } }), (page, _end, place) => {
        counts.push(page.count)
        seen[place.partition].push(...recordsOf(page).map(({ value }) => value))
        next.push({ ...place, offset: page.nextOffset })
      })
      const total = counts.reduce((sum, count) => sum + count, 0)
      assert.equal(total, round < 8 ? 23 : round === 8 ? 16 : 0)
      if (round < 8) assert.ok(Math.max(...counts) <= 7, 'none takes all')
      places = next
    }
    for (const partition of range(0, 5))
      assert.deepEqual(
        seen[partition],
        range(0, 40).map(number => `${partition}-${number}`)
      )
  })

  test('whoever waits is told of a record, and reads it without a fetch', async () => {
    const topic = await create('wait', 3)
    const fetched = sent.fetch
    const waits = range(0, 100).map(() =>
      reads.wait(
        range(0, 3).map(partition => at(topic, partition, 0)),
        'committed',
        { deadline: soon() }
      )
    )
    await sleep(300)
    const polls = sent.wait
    await write(topic, 2, ['a'])
    for (const ready of await Promise.all(waits)) {
      assert.deepEqual(ready, [at(topic, 2, 0)])
      assert.deepEqual(await readAll(ready, all({ atOnce: true })), new Map([[2, ['a']]]))
    }
    assert.equal(sent.fetch, fetched)
    assert.ok(sent.wait - polls <= 2, `${sent.wait - polls} polls`)
  })

  test('while a transaction is open readers of what is committed wait, and nothing spins', async () => {
    const topic = await create('open', 1)
    await java.ask('open', topic)
    const committed = reads.wait([at(topic, 0, 3)], 'committed', { deadline: soon(20_000) })
    assert.deepEqual(await reads.wait([at(topic, 0, 3)], 'uncommitted', { deadline: soon() }), [at(topic, 0, 3)])
    await sleep(200)
    const polls = sent.wait
    assert.equal(await Promise.race([committed, sleep(1000, 'open')]), 'open')
    assert.ok(sent.wait - polls <= 4, `${sent.wait - polls} polls a second`)
    await java.ask('commit', topic)
    assert.deepEqual(await committed, [at(topic, 0, 3)])
    assert.deepEqual(await readAll([at(topic, 0, 3)]), new Map([[0, ['inside-0', 'inside-1']]]))
  })

  test('a wait ends when its topic is deleted, or its records are', async () => {
    const topic = await create('gone', 2)
    await write(topic, 0, ['a', 'b', 'c'])
    const wait = (partition: number, offset: number) =>
      reads.wait([at(topic, partition, offset)], 'committed', { deadline: soon() })
    assert.deepEqual(await wait(0, 7), [at(topic, 0, 7)])
    const last = wait(1, 0)
    await sleep(200)
    // Not through here: nobody tells the gateway.
    await witness.deleteTopics({ topics: [topic] })
    assert.deepEqual(await last, [at(topic, 1, 0)])
    await assert.rejects(
      reads.read({ ...at(topic, 1, 0), ...all() }, () => undefined),
      { kind: 'unknownTopic' }
    )
  })
})
