import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import * as fc from 'fast-check'
import { Deadline } from '../../../src/core/deadline.ts'
import type { Place } from '../../../src/kafka/fetch/place.ts'
import type { Isolation } from '../../../src/kafka/fetch/read-request.ts'
import { ModelPollCluster } from './model-polls.ts'

const PARTITIONS = 3
const PRODUCER = 7n
/** As long as brokers are well. */
const PROMPT_MS = 150
/** Polls that begin earlier in the partition do not tell that an offset is beyond the end. */
const BEYOND_MS = 1500
/** Once they are well again: pauses between attempts grow up to a second. */
const RECOVERED_MS = 4000
/** Polls that a step may cause, at two brokers for two isolation levels; brief ones take 10 ms each. */
const POLLS_A_STEP = 6
const POLLS_A_MS = 0.4

type Step =
  | { readonly kind: 'append' | 'beginTransaction' | 'commit' | 'abort' | 'trim'; readonly partition: number }
  | { readonly kind: 'wait'; readonly isolation: Isolation; readonly behind: readonly number[] }
  | { readonly kind: 'cancel'; readonly waiter: number }
  | { readonly kind: 'move'; readonly partition: number; readonly leader: number }
  | { readonly kind: 'drop' | 'freeze'; readonly broker: number }
  | { readonly kind: 'pause'; readonly ms: number }

const partition = fc.nat(PARTITIONS - 1)
const calm: fc.WeightedArbitrary<Step>[] = [
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('append' as const), partition }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('beginTransaction', 'commit', 'abort', 'trim'), partition })
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      isolation: fc.constantFrom<Isolation>('committed', 'committed', 'uncommitted'),
      // How far behind the end the places are, one a partition; beyond it below 0.
      behind: fc.array(fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 0, 1, 3, -2), { minLength: 1, maxLength: PARTITIONS })
    })
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), waiter: fc.nat(20) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('pause' as const), ms: fc.constantFrom(0, 1, 12, 60) }) }
]
const rough: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('move' as const), partition, leader: fc.integer({ min: -1, max: 1 }) })
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('drop', 'freeze'), broker: fc.nat(1) }) }
]
const steps = fc.oneof(
  fc.array(fc.oneof(...calm), { minLength: 20, maxLength: 60, size: 'max' }),
  fc.array(fc.oneof(...calm, ...rough), { minLength: 20, maxLength: 60, size: 'max' })
)

type Kind = 'record' | 'open' | 'aborted' | 'marker'

/** What is stored of one partition, offset by offset. */
class Log {
  readonly kinds: Kind[] = []
  start = 0

  /** Whether a reader who stands at `from` has something to read before `until`. */
  shows(isolation: Isolation, from: number, until = Infinity): boolean {
    const firstOpen = this.kinds.indexOf('open')
    const stable = isolation === 'uncommitted' || firstOpen < 0 ? this.kinds.length : firstOpen
    return this.kinds
      .slice(Math.max(from, this.start), Math.min(stable, until))
      .some(kind => kind === 'record' || (isolation === 'uncommitted' && kind !== 'marker'))
  }

  end(kind: 'record' | 'aborted'): void {
    for (const [offset, each] of this.kinds.entries()) if (each === 'open') this.kinds[offset] = kind
    this.kinds.push('marker')
  }
}

interface Waiting {
  readonly isolation: Isolation
  readonly places: readonly Place[]
  readonly controller: AbortController
  /** A place was beyond the end. */
  readonly wasBeyond: boolean
  /** Since when a place of it can be read, and when it was told. */
  dueMs: number
  toldMs: number
  outcome: readonly Place[] | undefined
}

/** The cluster, and beside it what is known to be stored in it. */
class Run {
  readonly cluster: ModelPollCluster
  readonly logs: readonly Log[]
  readonly waiting: Waiting[] = []
  wasWell = true
  #steps = 0
  readonly #beganMs = performance.now()
  /** What a waiter was told that is not so. */
  wrong: unknown

  constructor(cacheBytes: number) {
    const leaders = Array.from({ length: PARTITIONS }, (_, number) => number % 2)
    this.cluster = new ModelPollCluster(leaders, { cacheBytes })
    this.logs = leaders.map(() => new Log())
  }

  async take(step: Step): Promise<void> {
    if (step.kind === 'wait') this.#wait(step)
    else if (step.kind === 'pause') await sleep(step.ms)
    else if (step.kind === 'cancel') this.waiting[step.waiter]?.controller.abort()
    else if (step.kind === 'move') {
      this.wasWell = false
      this.cluster.moveLeader(step.partition, step.leader)
    } else if ('broker' in step) this.#disturb(step)
    else this.#store(step)
    this.cluster.changed()
    this.#steps++
    for (const each of this.waiting) if (each.dueMs === Infinity && this.#isDue(each)) each.dueMs = performance.now()
    // Half of the steps meet polls that are under way.
    if (this.#steps % 2 === 0) await sleep(2)
  }

  /** Every waiter has been told if, and only if, one of its places can be read. */
  async check(): Promise<void> {
    for (const broker of this.cluster.brokers) broker.thaw()
    for (const [number, { leader }] of this.cluster.partitions.entries())
      if (leader < 0) this.cluster.moveLeader(number, 1)
    const isTold = ({ outcome }: Waiting) => outcome !== undefined
    const due = this.waiting.filter(each => this.#isDue(each))
    const hasBeyond = due.some(({ wasBeyond }) => wasBeyond)
    const latestMs = performance.now() + (!this.wasWell ? RECOVERED_MS : hasBeyond ? BEYOND_MS : PROMPT_MS)
    while (!due.every(isTold) && performance.now() < latestMs) await sleep(5)
    for (const each of due) assert.ok(isTold(each), `nobody woke the reader of ${JSON.stringify(each.places)}`)
    await sleep(20)
    for (const { outcome = [], dueMs, wasBeyond, controller } of this.waiting) {
      if (dueMs < Infinity || wasBeyond || controller.signal.aborted) continue
      assert.ok(outcome.every(({ partition: number, offset }) => offset < this.logs[number].start))
    }
    for (const { controller } of this.waiting) controller.abort()
    await sleep(1)
    assert.ok(this.waiting.every(isTold))
    this.cluster.reads.close()
    if (this.wrong !== undefined) throw this.wrong
    const polls = this.cluster.brokers.reduce((sum, broker) => sum + broker.polls.length, 0)
    const allowed = 20 + this.#steps * POLLS_A_STEP + (performance.now() - this.#beganMs) * POLLS_A_MS
    assert.ok(polls < allowed, `${polls} polls for ${this.#steps} steps`)
    for (const { dueMs, toldMs, wasBeyond, places } of this.wasWell ? this.waiting : [])
      assert.ok(wasBeyond || toldMs - dueMs < PROMPT_MS, `${JSON.stringify(places)} told after ${toldMs - dueMs} ms`)
    for (const broker of this.cluster.brokers) assert.ok(broker.mostHeld <= 4, 'two polls for each isolation level')
  }

  #wait({ isolation, behind }: Extract<Step, { kind: 'wait' }>): void {
    const places = behind.map((steps, number) => {
      const offset = Math.max(this.logs[number].start, this.logs[number].kinds.length - steps)
      return { topic: 'orders', partition: number, offset }
    })
    const wasBeyond = places.some(({ partition: number, offset }) => offset > this.logs[number].kinds.length)
    const controller = new AbortController()
    const waiting: Waiting = {
      isolation,
      places,
      controller,
      wasBeyond,
      dueMs: Infinity,
      toldMs: 0,
      outcome: undefined
    }
    this.waiting.push(waiting)
    const options = { deadline: Deadline.after(60_000), signal: controller.signal }
    void this.cluster.reads.wait(places, isolation, options).then(outcome => {
      waiting.outcome = outcome
      waiting.toldMs = performance.now()
      try {
        if (!controller.signal.aborted) this.#judge(waiting, outcome)
      } catch (error) {
        this.wrong ??= error
      }
    })
  }

  /** What is told is so, and what lies before the place told holds nothing to read. */
  #judge({ isolation, places, wasBeyond }: Waiting, outcome: readonly Place[]): void {
    assert.ok(outcome.length > 0)
    for (const { partition: number, offset } of outcome) {
      const asked = places.find(each => each.partition === number)?.offset ?? 0
      const log = this.logs[number]
      assert.ok(wasBeyond || log.start > asked || log.shows(isolation, offset), `told of ${number}/${offset}`)
      assert.ok(!log.shows(isolation, asked, offset), `${number}/${asked} skips records up to ${offset}`)
    }
  }

  #isDue({ isolation, controller, outcome, places }: Waiting): boolean {
    if (controller.signal.aborted || outcome !== undefined) return false
    return places.some(({ partition: number, offset }) => {
      const log = this.logs[number]
      return offset > log.kinds.length || log.shows(isolation, offset)
    })
  }

  #disturb({ kind, broker: id }: Extract<Step, { broker: number }>): void {
    this.wasWell = false
    const broker = this.cluster.brokers[id]
    if (kind === 'freeze') broker.isFrozen = true
    else broker.drop()
  }

  #store({
    kind,
    partition: number
  }: Extract<Step, { kind: 'append' | 'beginTransaction' | 'commit' | 'abort' | 'trim' }>) {
    const [stored, log] = [this.cluster.partitions[number], this.logs[number]]
    const isOpen = log.kinds.includes('open')
    if (kind === 'append') {
      stored.append()
      log.kinds.push('record')
    } else if (kind === 'beginTransaction') {
      stored.appendOpen(PRODUCER)
      log.kinds.push('open')
    } else if (kind === 'trim') stored.startOffset = log.start = Math.min(log.start + 1, log.kinds.length)
    else if (isOpen) {
      stored.endTransaction(PRODUCER, kind)
      log.end(kind === 'commit' ? 'record' : 'aborted')
    }
  }
}

test('whoever waits is told if and only if a place can be read, whatever readers, writers and brokers do', async () => {
  const property = fc.asyncProperty(steps, fc.constantFrom(0, 8_000_000), async (taken, cacheBytes) => {
    const run = new Run(cacheBytes)
    for (const each of taken) await run.take(each)
    await run.check()
  })
  // They wait most of the time.
  await Promise.all(Array.from({ length: 4 }, () => fc.assert(property, { numRuns: 8, endOnFailure: true })))
})
