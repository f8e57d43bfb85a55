import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { ProduceOutcome } from '../../../src/core/produce-outcome.ts'
import { SPAN_STRIDE, type RecordTable } from '../../../src/core/record-table.ts'
import { type Batch, unsentBatch } from '../../../src/kafka/produce/batch.ts'
import type { ProduceFailure } from '../../../src/kafka/produce/failures.ts'
import { PartitionProducer } from '../../../src/kafka/produce/partition-producer.ts'
import { PendingProduce, type RecordRange } from '../../../src/kafka/produce/pending-produce.ts'
import type { ProducerSession } from '../../../src/kafka/produce/producer-sessions.ts'
import { ModelBroker } from './model-broker.ts'

const ROUND_TRIP_MS = 5
/** A few pauses after setbacks, and the round trips of batches that are split record by record. */
const SETTLE_LIMIT_MS = 4000

interface Request {
  readonly name: string
  readonly pending: PendingProduce
  readonly count: number
  outcome?: ProduceOutcome<ProduceFailure>
  released: boolean
}

/** A partition, a model of the leader behind it, and the batches between them. */
class World {
  readonly broker: ModelBroker
  readonly producer: PartitionProducer
  readonly requests: Request[] = []
  readonly #sessions = new Map<Batch, ProducerSession>()
  readonly #batchRanges: number
  /** Of the session that the last batch was formed under. */
  epoch = 0
  topicId: Buffer | null = null
  onTheWay: Batch[] = []
  /** Batches whose connection broke before they arrived, and which may still arrive. */
  late: Batch[] = []
  nowMs = 0
  #leader = 0

  constructor(broker: ModelBroker, batchRanges = 3) {
    this.broker = broker
    this.#batchRanges = batchRanges
    const former = {
      next: (_partition: number, waiting: RecordRange[], session: ProducerSession, sequence: number) => {
        if (waiting.length === 0) return null
        const batch = this.#batch(this.#cut(waiting), sequence)
        this.#sessions.set(batch, session)
        this.epoch = session.epoch
        return batch
      }
    }
    const after = ({ producerId, epoch }: ProducerSession) => ({ producerId, epoch: epoch + 1 })
    this.producer = new PartitionProducer('t', 0, former, { after })
    this.producer.session = { producerId: 7n, epoch: 0 }
    this.producer.ledBy(0, 0)
  }

  submit(count: number): Request {
    const table: RecordTable = { bytes: Buffer.alloc(0), count, spans: new Int32Array(count * SPAN_STRIDE) }
    const times = { arrivedAtMs: 0, answerAtMs: this.nowMs + 8000, giveUpAtMs: this.nowMs + 30_000 }
    const pending = new PendingProduce(
      't',
      table,
      new Int32Array(count),
      times,
      outcome => (request.outcome = outcome),
      () => (request.released = true)
    )
    const request: Request = { name: `r${this.requests.length}`, pending, count, released: false }
    this.requests.push(request)
    const rows = Int32Array.from({ length: count }, (_, index) => index)
    this.producer.add({ pending, table, rows, from: 0, to: count, timestampMs: 0, bytes: count * 10, isolated: false })
    return request
  }

  send(): boolean {
    const batch = this.producer.take(this.nowMs)
    if (batch === null) return false
    this.onTheWay.push(batch)
    return true
  }

  deliver(batch: Batch): { errorCode: number; baseOffset: number } {
    const session = this.#sessions.get(batch)
    assert.ok(session)
    return this.broker.receive(batch, session.producerId, session.epoch, this.names(batch))
  }

  answer(batch: Batch, errorCode: number, baseOffset: number): void {
    const result = {
      topic: 't',
      partition: 0,
      errorCode,
      baseOffset,
      recordErrors: undefined,
      message: null,
      currentLeader: undefined
    }
    this.producer.answered(batch, result, this.nowMs)
  }

  names(batch: Batch): string[] {
    return batch.ranges.flatMap(({ pending, rows, from, to }) => {
      const request = this.requests.find(each => each.pending === pending)
      return [...rows.subarray(from, to)].map(row => `${request?.name}.${row}`)
    })
  }

  /** What is on its way may still arrive, but nobody listens for its answer. */
  moveLeader(leader: number): void {
    if (leader !== this.#leader) this.late.push(...this.onTheWay.splice(0))
    this.#leader = leader
    this.producer.ledBy(leader, this.nowMs)
  }

  arriveLate(): void {
    const batch = this.late.shift()
    if (batch !== undefined) this.deliver(batch)
  }

  /** A first batch that the broker acknowledges. */
  acknowledge(): void {
    this.submit(1)
    this.send()
    for (const batch of this.onTheWay.splice(0)) {
      const { errorCode, baseOffset } = this.deliver(batch)
      this.answer(batch, errorCode, baseOffset)
    }
  }

  /** Nobody has written for so long that the broker has forgotten the producer; connections have been closed since. */
  silence(): void {
    for (const batch of this.onTheWay.splice(0)) this.producer.lost(batch, true, this.nowMs)
    this.nowMs += 24 * 3_600_000
    this.producer.expire(this.nowMs)
    this.late = []
    this.broker.forgetProducers()
  }

  /** No more faults: everything meets its fate, within `limitMs`. */
  settle(limitMs = SETTLE_LIMIT_MS): void {
    for (const endMs = this.nowMs + limitMs; !this.producer.idle;) {
      assert.ok(this.nowMs < endMs, `not settled ${limitMs} ms after the last fault`)
      this.nowMs += ROUND_TRIP_MS
      this.producer.expire(this.nowMs)
      while (this.send());
      const batch = this.onTheWay.shift()
      if (batch === undefined) continue
      const { errorCode, baseOffset } = this.deliver(batch)
      this.answer(batch, errorCode, baseOffset)
    }
  }

  #cut(waiting: RecordRange[]): RecordRange[] {
    if (waiting[0].isolated) return waiting.splice(0, 1)
    const isolated = waiting.findIndex(range => range.isolated)
    return waiting.splice(0, Math.min(this.#batchRanges, isolated < 0 ? waiting.length : isolated))
  }

  #batch(ranges: readonly RecordRange[], sequence: number): Batch {
    return unsentBatch({
      bytes: Buffer.alloc(0),
      ranges,
      recordCount: ranges.reduce((sum, { from, to }) => sum + to - from, 0),
      sequence,
      topicId: this.topicId,
      giveUpAtMs: Math.min(...ranges.map(({ pending }) => pending.times.giveUpAtMs))
    })
  }
}

/**
 * Every record stands where it was said to stand, once; what was said not to be stored is not there; and the records of a
 * request stand in its order.
 */
function check(world: World): { stored: number; refused: number; unknown: number } {
  const tally = { stored: 0, refused: 0, unknown: 0 }
  for (const { name, outcome, count, released } of world.requests) {
    assert.ok(outcome, `${name} was answered`)
    assert.ok(released, `the bytes of ${name} were released`)
    const rows = world.broker.log.filter(record => record.startsWith(`${name}.`)).map(record => rowOf(record))
    assert.deepEqual(
      rows,
      rows.toSorted((one, other) => one - other),
      `the records of ${name} stand in its order`
    )
    for (let row = 0; row < count; row++) {
      const copies = world.broker.log.filter(record => record === `${name}.${row}`).length
      const failure = outcome.failures?.get(row)
      if (failure === undefined) {
        assert.equal(world.broker.log[outcome.offsets[row]], `${name}.${row}`)
        assert.equal(copies, 1)
        tally.stored++
      } else if (failure.stored === 'no') {
        assert.equal(copies, 0, `${name}.${row} was said not to be stored`)
        tally.refused++
      } else {
        assert.ok(copies <= 1, `${name}.${row} stands ${copies} times`)
        tally.unknown++
      }
    }
  }
  return tally
}

function rowOf(record: string): number {
  return Number(record.slice(record.indexOf('.') + 1))
}

suite('PartitionProducer', () => {
  test('has at most two batches in flight, and one after a setback until it is mended', () => {
    const world = new World(new ModelBroker(), 1)
    world.acknowledge()
    for (let request = 0; request < 4; request++) world.submit(1)
    assert.deepEqual([world.send(), world.send(), world.send()], [true, true, false])
    const [first, second] = world.onTheWay
    world.producer.lost(first, true, 0)
    world.answer(second, 45, -1)
    world.nowMs = 1000
    assert.equal(world.producer.take(1000), first)
    assert.equal(world.producer.take(1000), null)
    world.answer(first, 0, 0)
    assert.equal(world.producer.take(1000), second)
  })

  test('has one batch in flight until the broker has acknowledged the first of a session, and after an hour of silence', () => {
    const world = new World(new ModelBroker(), 1)
    const oneAtATime = (why: string) => {
      world.submit(1)
      world.submit(1)
      assert.deepEqual([world.send(), world.send()], [true, false], why)
      const [batch] = world.onTheWay.splice(0)
      const { errorCode, baseOffset } = world.deliver(batch)
      world.answer(batch, errorCode, baseOffset)
      world.submit(1)
      assert.deepEqual([world.send(), world.send()], [true, true], `${why}: two once it has acknowledged one`)
      world.settle()
    }
    oneAtATime('a broker without state takes any sequence number first')
    world.nowMs += 3_600_001
    oneAtATime('it may have forgotten the producer')
    world.submit(1)
    world.send()
    const [lost] = world.onTheWay.splice(0)
    world.producer.lost(lost, true, world.nowMs)
    world.nowMs += 30_001
    world.producer.expire(world.nowMs)
    oneAtATime('a new epoch begins')
  })

  test('stores what follows a rejected batch in the same epoch, under the numbers that became free', () => {
    const broker = new ModelBroker({ invalid: record => record === 'r1.0' })
    const world = new World(broker, 1)
    world.acknowledge()
    const bad = world.submit(1)
    const good = world.submit(2)
    world.send()
    world.send()
    for (const batch of world.onTheWay.splice(0)) {
      const { errorCode, baseOffset } = world.deliver(batch)
      world.answer(batch, errorCode, baseOffset)
    }
    world.settle()
    assert.equal(bad.outcome?.failures?.get(0)?.kind, 'invalidRecord')
    assert.deepEqual([...(good.outcome?.offsets ?? [])], [1, 2])
    assert.deepEqual(broker.log, ['r0.0', 'r2.0', 'r2.1'])
  })

  test('a batch that is lost behind a rejected one is stored as soon as the broker calls it out of order', () => {
    const world = new World(new ModelBroker({ invalid: record => record === 'r1.0' }), 1)
    world.acknowledge()
    const [bad, lost, waiting] = [world.submit(1), world.submit(1), world.submit(1)]
    world.send()
    world.send()
    const [first, second] = world.onTheWay.splice(0)
    world.answer(first, 87, -1)
    world.producer.lost(second, true, world.nowMs)
    world.settle(1000)
    assert.equal(bad.outcome?.failures?.get(0)?.kind, 'invalidRecord')
    assert.deepEqual(
      [lost, waiting].map(({ outcome }) => outcome?.offsets[0]),
      [1, 2]
    )
    assert.deepEqual(world.deliver(second), { errorCode: 47, baseOffset: -1 }, 'the lost copy comes too late')
    assert.deepEqual(world.broker.log, ['r0.0', 'r2.0', 'r3.0'])
  })

  test('a batch that is rejected behind one to be sent again costs no epoch: both go again from the first free number', () => {
    const world = new World(new ModelBroker(), 1)
    world.acknowledge()
    const requests = [world.submit(2), world.submit(2)]
    world.send()
    world.send()
    const [first, second] = world.onTheWay.splice(0)
    world.answer(first, 19, -1)
    world.answer(second, 10, -1)
    world.nowMs = 1000
    world.send()
    assert.equal(world.onTheWay[0].sequence, first.sequence)
    world.settle()
    assert.deepEqual(
      requests.flatMap(({ outcome }) => Array.from(outcome?.offsets ?? [])),
      [1, 2, 3, 4]
    )
    assert.equal(world.epoch, 0)
  })

  test('splits a rejected batch until only the records at fault fail, and keeps the order of the rest', () => {
    const broker = new ModelBroker({ invalid: record => record === 'r1.3' })
    const world = new World(broker)
    for (const count of [2, 8, 2]) world.submit(count)
    world.settle()
    assert.deepEqual(check(world), { stored: 11, refused: 1, unknown: 0 })
    assert.deepEqual(
      broker.log.filter(record => record.startsWith('r1')).map(record => rowOf(record)),
      [0, 1, 2, 4, 5, 6, 7]
    )
  })

  test('sends what a frozen leader holds to its successor at once, and stores it once though the late copy arrives', () => {
    const world = new World(new ModelBroker(), 1)
    const frozen = world.submit(2)
    world.send()
    world.moveLeader(1)
    assert.equal(world.send(), true)
    const [batch] = world.onTheWay
    assert.equal(batch, world.late[0], 'the same bytes')
    assert.equal(batch.attempt, 2)
    world.arriveLate()
    world.settle()
    assert.deepEqual([...(frozen.outcome?.offsets ?? [])], [0, 1])
    assert.deepEqual(world.broker.log, ['r0.0', 'r0.1'])
  })

  test('gives a batch of open fate up at the delivery time-out and goes on in a new epoch that fences a late copy', () => {
    const world = new World(new ModelBroker(), 1)
    const lost = world.submit(1)
    world.send()
    const [batch] = world.onTheWay.splice(0)
    world.producer.lost(batch, true, 0)
    world.nowMs = 30_001
    world.producer.expire(world.nowMs)
    assert.equal(lost.outcome?.failures?.get(0)?.stored, 'unknown')
    const next = world.submit(1)
    world.settle()
    assert.deepEqual([...(next.outcome?.offsets ?? [])], [0])
    assert.equal(world.deliver(batch).errorCode, 47)
  })

  test('what an old topic refused goes to the new one of its name, in order and in a new epoch; what it may have taken stays unknown', () => {
    for (const [code, stored] of [
      [100, true],
      [3, true],
      [7, false]
    ] as const) {
      const world = new World(new ModelBroker(), 1)
      world.topicId = Buffer.alloc(16, 1)
      world.acknowledge()
      const [refused, behind] = [world.submit(1), world.submit(1)]
      world.send()
      world.send()
      const [first, second] = world.onTheWay.splice(0)
      world.answer(first, code, -1)
      world.topicId = Buffer.alloc(16, 2)
      world.producer.topicReplaced(world.topicId, world.nowMs)
      world.answer(second, 100, -1)
      world.producer.topicReplaced(world.topicId, world.nowMs)
      world.settle(1000)
      assert.deepEqual(refused.outcome?.failures?.get(0)?.stored, stored ? undefined : 'unknown', `error ${code}`)
      assert.deepEqual(world.broker.log, stored ? ['r0.0', 'r1.0', 'r2.0'] : ['r0.0', 'r2.0'])
      assert.equal(behind.outcome?.failures, undefined)
      assert.equal(world.epoch, 1)
    }
  })

  test('a topic that was created anew while nothing was on its way is met by a new session', () => {
    const world = new World(new ModelBroker(), 1)
    world.topicId = Buffer.alloc(16, 1)
    world.acknowledge()
    world.topicId = Buffer.alloc(16, 2)
    world.producer.topicReplaced(world.topicId, world.nowMs)
    world.submit(1)
    world.submit(1)
    assert.deepEqual([world.send(), world.send()], [true, false], 'its broker does not know the producer')
    assert.deepEqual([world.epoch, world.onTheWay[0].sequence], [1, 0])
  })

  test('says "not stored" only of records that are not there, "stored" only of those that are, whatever goes wrong', () => {
    const step = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ do: fc.constant('submit' as const), count: fc.integer({ min: 1, max: 6 }) })
      },
      { weight: 6, arbitrary: fc.constant({ do: 'send' as const }) },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('lose' as const), arrives: fc.boolean() }) },
      {
        weight: 2,
        arbitrary: fc.record({ do: fc.constant('error' as const), code: fc.constantFrom(2, 3, 6, 7, 19, 20, 100) })
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('withdraw' as const), which: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('lead' as const), leader: fc.nat({ max: 2 }) }) },
      { weight: 2, arbitrary: fc.constant({ do: 'late' as const }) },
      { weight: 1, arbitrary: fc.constant({ do: 'silence' as const }) },
      {
        weight: 3,
        arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(20, 200, 2000, 12_000) })
      }
    )
    const seen = { stored: 0, refused: 0, unknown: 0 }
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 60, size: 'max' }),
        fc.integer({ min: 2, max: 9 }),
        (steps, limitRecords) => {
          const world = new World(new ModelBroker({ invalid: record => record.endsWith('.4'), limitRecords }))
          for (const each of steps) {
            if (each.do === 'submit') world.submit(each.count)
            else if (each.do === 'send') world.send()
            else if (each.do === 'lead') world.moveLeader(each.leader)
            else if (each.do === 'late') world.arriveLate()
            else if (each.do === 'silence') world.silence()
            else if (each.do === 'wait') {
              world.nowMs += each.ms
              world.producer.expire(world.nowMs)
            } else if (each.do === 'withdraw') {
              const request = world.requests[each.which % Math.max(1, world.requests.length)]
              if (request !== undefined) world.producer.withdraw(new Set([request.pending]))
            } else takeAnswer(world, each)
          }
          world.settle()
          const tally = check(world)
          for (const key of ['stored', 'refused', 'unknown'] as const) seen[key] += tally[key]
        }
      ),
      { numRuns: 2000 }
    )
    assert.ok(seen.stored > 0 && seen.refused > 0 && seen.unknown > 0, JSON.stringify(seen))
  })
})

/** The oldest batch on its way meets the fault; a connection that breaks takes the one behind it along. */
function takeAnswer(
  world: World,
  fault: { do: 'answer' } | { do: 'lose'; arrives: boolean } | { do: 'error'; code: number }
): void {
  const batch = world.onTheWay.shift()
  if (batch === undefined) return
  if (fault.do === 'answer') {
    const { errorCode, baseOffset } = world.deliver(batch)
    world.answer(batch, errorCode, baseOffset)
  } else if (fault.do === 'error') {
    // 7 and 20 may follow an append; the others come instead of one.
    if (fault.code === 7 || fault.code === 20) world.deliver(batch)
    world.answer(batch, fault.code, -1)
  } else {
    for (const lost of [batch, ...world.onTheWay.splice(0)]) {
      if (fault.arrives) world.deliver(lost)
      world.producer.lost(lost, true, world.nowMs)
    }
  }
}
