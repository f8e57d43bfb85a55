import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../src/core/deadline.ts'
import type { Cluster } from '../../../src/kafka/cluster.ts'
import { clusterOf } from '../../kafka/groups/support.ts'
import { type Client, CoMember } from './co-member.ts'
import { ConsumerClient, type ConsumerClientOptions } from './consumer-client.ts'
import type { Fault } from './deliveries.ts'
import { Fleet, type FleetOptions } from './fleet.ts'
import { GroupJournal, placeOf } from './group-journal.ts'
import { StoredTopic, type StoredTopicOptions } from './stored-topic.ts'
import { Timeline } from './timeline.ts'
import { figuresOf, type GroupProblem, type Verdicts, verdictsOf } from './verdicts.ts'

const SAMPLE_MS = 500
const CATCH_UP_MS = 60_000
const TIMELINE_MS = 8000
const TOLD_PROBLEMS = 5

/**
 * Groups of consumer instances that read topics through a fleet of gateways while both are disturbed, and what they were given
 * of it.
 */
export class ConsumerTrial {
  readonly timeline: Timeline
  readonly fleet: Fleet
  readonly faults: Fault[] = []
  readonly #cluster: Cluster
  readonly #topics: StoredTopic[] = []
  /** What each group is owed. */
  readonly #journals = new Map<string, { readonly journal: GroupJournal; readonly topics: StoredTopic[] }>()
  readonly #clients: ConsumerClient[] = []
  readonly #coMembers: CoMember[] = []
  readonly #options: Omit<FleetOptions, 'timeline'>
  readonly #sampling: Promise<void>
  #isOver = false

  private constructor(options: Omit<FleetOptions, 'timeline'>, timeline: Timeline, fleet: Fleet, cluster: Cluster) {
    this.#options = options
    this.timeline = timeline
    this.fleet = fleet
    this.#cluster = cluster
    this.#sampling = this.#sample()
  }

  static async start(options: Omit<FleetOptions, 'timeline'>): Promise<ConsumerTrial> {
    const timeline = new Timeline()
    const cluster = await clusterOf(...options.bootstrapServers)
    const fleet = await Fleet.start({ ...options, timeline }).catch(async (error: unknown) => {
      await cluster.close()
      throw error
    })
    return new ConsumerTrial(options, timeline, fleet, cluster)
  }

  async createTopic(name: string, partitionCount: number, replicationFactor = 1): Promise<void> {
    const settings = { partitionCount, replicationFactor, properties: new Map<string, string>() }
    await this.#cluster.topics.create(name, settings, Deadline.after(CATCH_UP_MS))
  }

  /** A topic that is there, to be written to. */
  stored(options: StoredTopicOptions): StoredTopic {
    const topic = new StoredTopic(this.#cluster, options)
    this.#topics.push(topic)
    return topic
  }

  /** Makes a group that is owed these topics. */
  group(name: string, topics: readonly StoredTopic[]): GroupJournal {
    const journal = new GroupJournal(name)
    this.#journals.set(name, { journal, topics: [...topics] })
    return journal
  }

  /** The group is owed one more. */
  owe(group: string, topic: StoredTopic): void {
    this.#of(group).topics.push(topic)
  }

  client(
    options: Pick<ConsumerClientOptions, 'group' | 'name' | 'subscription' | 'autoCommit' | 'vanishes'>
  ): ConsumerClient {
    const { balancer } = this.fleet
    const { timeline } = this
    const client = new ConsumerClient({ balancer, journal: this.#of(options.group).journal, timeline, ...options })
    this.#clients.push(client)
    return client
  }

  /** Resolves when every group has been given all that is stored by now. */
  async untilCaughtUp(limitMs: number): Promise<void> {
    const ends = new Map(this.#topics.map(topic => [topic, topic.ends]))
    await this.#until(limitMs, () => this.#behind((topic, partition) => ends.get(topic)?.[partition] ?? 0))
  }

  /** A consumer of another client in a group. It is there when it has been assigned something. */
  async coMember(client: Client, group: string, name: string, topic: string): Promise<CoMember> {
    const { journal } = this.#of(group)
    const { bootstrapServers } = this.#options
    const member = await CoMember.start(client, { bootstrapServers, journal, timeline: this.timeline, name, topic })
    this.#coMembers.push(member)
    await member.untilAssigned(CATCH_UP_MS)
    return member
  }

  /** Of the members of other clients: how long one stood still at most, its partitions taken back and none given. */
  get longestStandstillMs(): number {
    return Math.max(0, ...this.#coMembers.map(({ longestStandstillMs }) => longestStandstillMs))
  }

  /** Does what may bring the last records again. */
  async fault<T>(what: string, work: () => Promise<T>): Promise<T> {
    const fault = { what, atMs: performance.now(), untilMs: Infinity }
    this.faults.push(fault)
    this.timeline.note(`fault: ${what}`)
    try {
      return await work()
    } finally {
      fault.untilMs = performance.now()
      this.timeline.note(`fault: ${what} is over`)
    }
  }

  /** Resolves when each group is stable, and each of so many members has some of so many partitions. */
  async untilStable(members: number, partitions: number): Promise<void> {
    for (const group of this.#journals.keys())
      for (const end = performance.now() + CATCH_UP_MS; ; await sleep(50)) {
        const described = await this.#cluster.groups.describe(group, Deadline.after(CATCH_UP_MS))
        const sizes = described.members.map(({ assignment }) => [...(assignment?.values() ?? [])].flat().length)
        const isWhole = sizes.length === members && sizes.reduce((sum, size) => sum + size, 0) === partitions
        if (described.state === 'Stable' && isWhole && !sizes.includes(0)) break
        assert.ok(performance.now() < end, `${group} does not become stable`)
      }
  }

  /**
   * Ends the writers, has the clients catch up, and compares. Prints the figures; fails on a broken promise, with what happened
   * about that time.
   */
  async judge(t: TestContext): Promise<Verdicts> {
    await Promise.all(this.#topics.map(topic => topic.stop()))
    await this.untilCaughtUp(CATCH_UP_MS).catch(() => this.#noteMembers())
    await Promise.all(this.#clients.map(client => client.stop()))
    this.#isOver = true
    await this.#sampling
    const verdicts = verdictsOf([...this.#journals.values()], this.faults)
    for (const { journal } of this.#journals.values())
      t.diagnostic(
        `${journal.group}: ${Array.from(journal.counts, ([what, count]) => `${count} × ${what}`).join(', ')}`
      )
    t.diagnostic(figuresOf(verdicts, this.faults))
    // First what nobody was given: its time is never.
    const problems = verdicts.problems.toSorted((one, other) => other.atMs - one.atMs)
    for (const problem of problems.slice(0, TOLD_PROBLEMS)) t.diagnostic(this.#about(problem))
    assert.deepEqual(
      verdicts.problems.map(({ group, text }) => `${group} ${text}`),
      []
    )
    return verdicts
  }

  async close(): Promise<void> {
    this.#isOver = true
    await Promise.all([...this.#topics, ...this.#clients].map(each => each.stop()))
    await Promise.all(this.#coMembers.map(member => member.close()))
    await this.#sampling
    await this.fleet.close()
    await this.#cluster.close()
  }

  #of(group: string) {
    const known = this.#journals.get(group)
    if (known === undefined) throw new RangeError(`There is no group ${group}`)
    return known
  }

  /** Who is in the groups. */
  async #noteMembers(): Promise<void> {
    for (const group of this.#journals.keys()) {
      const { state, members } = await this.#cluster.groups.describe(group, Deadline.after(CATCH_UP_MS))
      const names = members.map(({ instanceId, memberId, assignment }) => {
        const partitions = Array.from(assignment ?? [], ([topic, numbers]) => `${topic}: ${numbers.join()}`)
        return `${instanceId ?? memberId} has ${partitions.join('; ')}`
      })
      this.timeline.note(`${group}/ is ${state}: ${names.join(', ')}`)
    }
  }

  /** What happened about the time of a problem. */
  #about({ atMs, group, text }: GroupProblem): string {
    const endMs = Math.min(atMs, performance.now())
    const lines = this.timeline.between(endMs - TIMELINE_MS, endMs + 500, `${group}/`, 'gateway-', 'fault')
    return [`${this.timeline.at(endMs)} ${group} ${text}`, ...lines].join('\n    ')
  }

  /** Places of groups that have not been given as much as is wanted. */
  #behind(wanted: (topic: StoredTopic, partition: number) => number): string[] {
    return [...this.#journals.values()].flatMap(({ journal, topics }) =>
      topics.flatMap(topic =>
        Array.from({ length: topic.partitions }, (_, partition) => partition)
          .filter(partition => journal.reached(placeOf(topic.topic, topic.life, partition)) < wanted(topic, partition))
          .map(partition => `${journal.group} ${topic.topic}-${partition}`)
      )
    )
  }

  async #until(limitMs: number, behind: () => readonly string[]): Promise<void> {
    for (const end = performance.now() + limitMs; behind().length > 0; await sleep(20))
      assert.ok(performance.now() < end, `Not given in ${limitMs} ms: ${behind().join(', ')}`)
  }

  /** Looks at what the groups have committed, now and then. */
  async #sample(): Promise<void> {
    while (!this.#isOver) {
      await sleep(SAMPLE_MS)
      for (const { journal, topics } of this.#journals.values()) {
        const atMs = performance.now()
        const stored = await this.#cluster.groups
          .committed(journal.group, null, Deadline.after(5000))
          .catch(() => undefined)
        // A commit is about the topic of that name now, not about those that were deleted.
        const newest = new Map(topics.map(each => [each.topic, each]))
        for (const { topic, life, partitions } of newest.values())
          for (let partition = 0; partition < partitions; partition++) {
            const told = stored?.get(topic)?.get(partition)
            if (typeof told === 'object' && told.offset >= 0)
              journal.sawCommit(placeOf(topic, life, partition), {
                offset: told.offset,
                atMs: Math.max(atMs, performance.now())
              })
          }
      }
    }
  }
}
