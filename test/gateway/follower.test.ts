import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Deadline } from '../../src/core/deadline.ts'
import { noMeter } from '../../src/core/meter.ts'
import { anonymous, type Call } from '../../src/core/principal.ts'
import type { RecordPage } from '../../src/core/record-page.ts'
import { followStart } from '../../src/gateway/follow/follow-start.ts'
import { Follower, type FollowTools } from '../../src/gateway/follow/follower.ts'
import type { FollowRequest, Start } from '../../src/gateway/gateway.ts'
import { ReadFailure, type ReadFailureKind } from '../../src/kafka/fetch/read-failure.ts'
import { UNKNOWN_BOUNDS } from '../../src/kafka/fetch/read-request.ts'
import { emptyPage } from '../http/support/front.ts'
import { topicLedBy } from '../kafka/fetch/model-cluster.ts'

const call: Call = { principal: anonymous, deadline: Deadline.after(5000) }
const limits = { records: 100, bytes: 1024 }
const { signal } = new AbortController()

/** A topic whose partitions all hold one record more than was read; what fails in them is a matter of each test. */
class Model {
  topic = topicLedBy([1, 1])
  /** Partitions without a leader. */
  readonly unled = new Set<number>()
  readonly failures = new Map<number, ReadFailureKind>()
  /** Partitions of each read. */
  readonly asked: number[][] = []
  /** How far it is allowed to go, by each read, and where. */
  readonly stops: (number | undefined)[][] = []
  /** What a wait finds. */
  ready: number[] = []

  startOf: (start: Start) => number = () => 0

  async follow(request: Partial<FollowRequest> = {}): Promise<Follower> {
    const tools = this.#tools()
    const whole = { topic: 'orders', from: 'earliest', ...request } as const
    const follower = new Follower(tools, await followStart(tools.metadata, call, whole), whole)
    await follower.begin(call.deadline)
    return follower
  }

  #tools(): FollowTools {
    const known = () => Promise.resolve(this.topic)
    return {
      meter: noMeter,
      metadata: { peek: () => this.topic, topic: known, refresh: known },
      reads: {
        starts: (_topic, from: ReadonlyMap<number, Start>) =>
          Promise.resolve(
            new Map([...from].flatMap(([each, start]) => (this.unled.has(each) ? [] : [[each, this.startOf(start)]])))
          ),
        readMany: (places, _options, use) => {
          this.asked.push(places.map(({ partition }) => partition))
          this.stops.push(places.map(({ until }) => until))
          for (const place of places) {
            const kind = this.failures.get(place.partition)
            const page: RecordPage = { ...emptyPage(place.offset), partition: place.partition }
            const end = { end: 'log', scanned: 0, scannedBytes: 0, ...UNKNOWN_BOUNDS } as const
            if (kind === undefined) use({ ...page, count: 1, nextOffset: place.offset + 1 }, end, place)
            else use(page, { ...end, end: 'failure', failure: new ReadFailure(kind, kind) }, place)
          }
          return Promise.resolve()
        },
        wait: places => Promise.resolve(places.filter(({ partition }) => this.ready.includes(partition)))
      }
    }
  }
}

const startsOf = ({ position }: Follower): [number, Start][] => [...position.starts]

async function read(follower: Follower): Promise<number[]> {
  const partitions: number[] = []
  await follower.read(Deadline.after(1000), limits, ({ partition }) => void partitions.push(partition))
  return partitions
}

suite('A follower', () => {
  test('reads partitions that are added later from their beginning, if it follows the whole topic', async () => {
    const model = new Model()
    const [whole, some] = [await model.follow(), await model.follow({ partitions: [0, 1] })]
    model.topic = { ...topicLedBy([1, 1, 1]), id: model.topic.id }
    assert.deepEqual(await read(whole), [0, 1, 2])
    assert.deepEqual(startsOf(whole), [
      [0, 1],
      [1, 1],
      [2, 1]
    ])
    assert.deepEqual(await read(some), [0, 1])
  })

  test('takes a position by its offsets alone if the cluster has no topic ids, and gives such positions', async () => {
    const model = new Model()
    const named = { topicId: 'AAAAAAAA', starts: new Map([[0, 7]]) }
    await assert.rejects(model.follow({ from: named }), { code: 'POSITION_OF_ANOTHER_TOPIC' })
    model.topic = topicLedBy([1], null)
    const follower = await model.follow({ from: named, until: { ...named, starts: new Map([[0, 8]]) } })
    assert.deepEqual([await read(follower), follower.isComplete], [[0], true])
    assert.deepEqual(follower.position, { topicId: null, starts: new Map([[0, 8]]) })
  })

  test('keeps where to begin in a partition that nobody leads, and begins there once somebody does', async () => {
    const model = new Model()
    model.unled.add(1)
    const follower = await model.follow({ from: { last: 5 } })
    assert.deepEqual(await read(follower), [0])
    assert.deepEqual(startsOf(follower), [
      [0, 1],
      [1, { last: 5 }]
    ])
    model.unled.clear()
    assert.deepEqual(await read(follower), [0, 1])
  })

  test('goes on with the others while one has no leader, and leaves it out of the next reads', async () => {
    const model = new Model()
    model.failures.set(1, 'leaderless')
    const follower = await model.follow()
    const first = await follower.read(Deadline.after(1000), limits, () => undefined)
    assert.deepEqual([first.count, first.passing?.code], [1, 'LEADER_NOT_AVAILABLE'])
    await read(follower)
    assert.deepEqual(model.asked, [[0, 1], [0]])
  })

  test('stops in each partition where it is told to, and is complete once it is there everywhere', async () => {
    const model = new Model()
    const starts = new Map([
      [0, 2],
      [1, 1]
    ])
    const follower = await model.follow({ until: { topicId: null, starts } })
    for (const asked of [[0, 1], [0], []]) {
      assert.equal(follower.isComplete, asked.length === 0)
      assert.deepEqual(await read(follower), asked)
    }
    assert.deepEqual(model.stops, [[2, 1], [2]])
    const own = await model.follow({ until: { topicId: null, starts: new Map([[1, 1]]) } })
    assert.deepEqual([await read(own), await read(own), own.isComplete], [[1], [], true])
    model.topic = { ...topicLedBy([1, 1, 1]), id: model.topic.id }
    assert.deepEqual([await read(own), own.isComplete], [[], true], 'what is added later lies behind the stop')
  })

  test('looks up a time to stop at once, and counts the last N from there', async () => {
    const model = new Model()
    const asked: Start[] = []
    model.startOf = start => {
      asked.push(start)
      return typeof start === 'object' && 'last' in start ? 3 : 4
    }
    const follower = await model.follow({ from: { last: 2 }, until: { sinceMs: 7 }, partitions: [0] })
    assert.deepEqual(asked, [{ sinceMs: 7 }, { last: 2, before: 4 }])
    assert.deepEqual([await read(follower), follower.isComplete, await read(follower)], [[0], true, []])
    assert.equal(asked.length, 2)
  })

  test('is not complete while nobody leads a partition that it has not begun', async () => {
    const model = new Model()
    model.unled.add(1)
    const follower = await model.follow({ until: 1 })
    assert.deepEqual([await read(follower), follower.isComplete], [[0], false])
    model.unled.clear()
    assert.deepEqual([await read(follower), follower.isComplete], [[1], true])
  })

  test('begins anew at a position of its own, for the same partitions, while it goes on itself', async () => {
    const model = new Model()
    model.unled.add(1)
    const follower = await model.follow({ from: { last: 5 }, checked: true })
    const { position } = follower
    await read(follower)
    const other = follower.at(position)
    assert.deepEqual(startsOf(follower), [
      [0, 1],
      [1, { last: 5 }]
    ])
    assert.deepEqual(other.position, position)
    model.unled.clear()
    model.topic = { ...topicLedBy([1, 1, 1]), id: model.topic.id }
    assert.deepEqual(await read(other as Follower), [0, 1, 2])
  })

  test('reads only what a wait has found', async () => {
    const model = new Model()
    model.ready = [1]
    const follower = await model.follow()
    await follower.wait({ deadline: Deadline.after(1000), signal })
    assert.deepEqual([follower.hasMore, await read(follower)], [true, [1]])
    model.ready = []
    await follower.wait({ deadline: Deadline.after(1000), signal })
    assert.deepEqual([follower.hasMore, await read(follower)], [false, []])
  })

  for (const [kind, code] of [
    ['topicRecreated', 'POSITION_OF_ANOTHER_TOPIC'],
    ['unknownTopic', 'TOPIC_NOT_FOUND'],
    ['outOfRange', 'OFFSET_OUT_OF_RANGE'],
    ['refused', 'KAFKA_REFUSED'],
    ['corrupt', 'CORRUPT_DATA']
  ] as const)
    test(`hands on what the others have, then rejects with ${code}, if a partition is ${kind}`, async () => {
      const model = new Model()
      model.failures.set(0, kind)
      const follower = await model.follow()
      const partitions: number[] = []
      const reading = follower.read(Deadline.after(1000), limits, ({ partition }) => void partitions.push(partition))
      await assert.rejects(reading, { code })
      assert.deepEqual(partitions, [1])
      assert.deepEqual(startsOf(follower), [
        [0, 0],
        [1, 1]
      ])
    })
})
