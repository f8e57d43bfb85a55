import { performance } from 'node:perf_hooks'
import { Deadline } from '../../core/deadline.ts'
import { within } from '../../core/lib/within.ts'
import type { TopicPartitions } from '../../kafka/groups/consumer-protocol.ts'
import type { GroupFailure } from '../../kafka/groups/group-failure.ts'
import type { GroupMember } from '../../kafka/groups/group-member.ts'
import type { MemberAssignment, MemberHooks } from '../../kafka/groups/membership.ts'
import type { PartitionMap } from '../../kafka/groups/offset-messages.ts'
import { type Batch, Deliveries } from './batch.ts'
import type { InstancesContext } from './context.ts'
import type { HeldPartition, Writer } from './held-partition.ts'
import { Hold, isHeldStill } from './hold.ts'
import { InstanceSubscription, type KnownInstance } from './known-instance.ts'
import { isOutdated, untilRepaired } from './outdated.ts'
import { instanceKey } from './position-entry.ts'
import { Positions } from './positions.ts'
import type { InstanceSettings } from './settings.ts'
import { Turns } from './turns.ts'
import { commitUnloaded } from './unloaded.ts'
import { type Interruption, OneWait } from './wait.ts'

const REBALANCE_TIMEOUT_MS = 10_000
const LOAD_LIMIT_MS = 10_000
const LAST_COMMIT_LIMIT_MS = 1000
const REVOKE_ANSWER_LIMIT_MS = 1000
const REVOKE_COMMIT_LIMIT_MS = 2000
/** A poll that follows soon writes the same down itself, if it comes here as the one before did. */
const CLOSE_AFTER_MS = 10

/** Whoever holds instances. */
export interface InstanceHooks {
  onAssigned(instance: Instance, generation: number): void
  onEnded(instance: Instance, failure: GroupFailure): void
}

/** One consumer instance that this process holds: a member of its group, and how far it has read. */
export class Instance implements MemberHooks {
  readonly group: string
  readonly name: string
  readonly turns = new Turns()
  readonly positions: Positions
  readonly waiting = new OneWait()
  readonly member: GroupMember
  readonly #context: InstancesContext
  readonly #hooks: InstanceHooks
  readonly #key: string
  readonly #hold = new Hold()
  #known: KnownInstance
  /** Of the last change that a client was told of; 0 for none by this process. */
  acknowledged = 0
  /** How often that change was written again, as others had lost it. */
  repairs = 0
  /** When it was last called, on the monotonic clock. */
  calledAtMs = performance.now()
  callsUnderWay = 0
  #loading: Promise<void> | undefined
  /** Generation whose partitions are loaded. */
  #loadedGeneration = -1
  #closing: NodeJS.Timeout | undefined
  readonly #deliveries = new Deliveries()
  /** Answers that clients have. */
  #answers = 0
  ended: GroupFailure | undefined
  /** Settles when it is: who calls another gateway before that is fenced. */
  handedOver: Promise<void> | undefined

  constructor(context: InstancesContext, group: string, name: string, known: KnownInstance, hooks: InstanceHooks) {
    this.#context = context
    this.#hooks = hooks
    this.group = group
    this.name = name
    this.#known = known
    this.#key = instanceKey(name, known.settings.born)
    this.positions = new Positions(context, group)
    this.member = context.groups.member({
      group,
      instanceId: name,
      subscription: new InstanceSubscription(known),
      sessionTimeoutMs: context.options.sessionTimeoutMs,
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      hooks: this
    })
  }

  get settings(): InstanceSettings {
    return this.#known.settings
  }

  get topics(): readonly string[] {
    return this.#known.topics
  }

  /** Of its settings, after a change. */
  get nextVersion(): number {
    return Math.max(this.settings.version, this.positions.newestVersion) + 1
  }

  /** As which it writes positions down now. */
  get writer(): Writer {
    const { version, autoCommit } = this.settings
    const { generation } = this.member
    return { instance: this.#key, generation, version, autoCommit, nowMs: this.#context.nowMs() }
  }

  /** Whether it has its partitions and their positions now. */
  get isReady(): boolean {
    return this.#isLoaded && this.#hold.isSure
  }

  get #isLoaded(): boolean {
    return this.member.assignment?.generation === this.#loadedGeneration
  }

  /** The coordinator has moved, or may have: another process may have served the instance since. See {@link Hold}. */
  coordinatorMoved(): void {
    if (this.#hold.takeoversLast) return
    this.#hold.moved()
    this.positions.clear()
    this.#loading = undefined
    this.#loadedGeneration = -1
    this.waiting.changed()
  }

  /**
   * Resolves when it has its partitions and their positions; false if it does not by the deadline. Rejects with a GroupFailure
   * once it has ended, and with a KafkaFailure if the positions cannot be loaded.
   */
  async ready(deadline: Deadline): Promise<boolean> {
    for (;;) {
      const assignment = await this.member.settled(deadline)
      if (assignment === null) return false
      if (this.#isLoaded && !this.#hold.isSure && (await isHeldStill(this.member, deadline))) this.coordinatorMoved()
      this.#loading ??= this.#load(assignment, deadline)
      const loading = this.#loading
      await loading
      const isReady = this.#loading === loading && this.member.assignment !== null
      if (isReady) await untilRepaired(this, deadline)
      if (isReady || deadline.passed) return isReady
    }
  }

  /** Changes what it is, under its known member id. The group is told in the background. */
  change(changes: Partial<InstanceSettings>, topics: readonly string[]): void {
    this.repairs = 0
    this.restore({ topics, settings: { ...this.settings, ...changes, version: this.nextVersion } })
  }

  /** Makes it what it was known as before, likewise. */
  restore(known: KnownInstance): void {
    this.#known = known
    this.#context.memory.remember(this.group, this.name, known)
    this.member.resubscribe(new InstanceSubscription(known))
    this.waiting.changed()
  }

  /**
   * Writes positions and commits of these partitions down, and of all others of which the group does not have what it should.
   * Returns an error code for each. Rejects as the member's commit does.
   */
  async write(partitions: Iterable<HeldPartition>, deadline: Deadline): Promise<PartitionMap<number>> {
    clearTimeout(this.#closing)
    const writing = this.positions.toWrite(partitions, this.writer)
    if (writing.commits.size === 0) return new Map()
    const results = await this.member.commit(writing.commits, deadline, this.#hold.validity(writing.isHeld))
    writing.keep(results)
    this.#hold.refreshed()
    return results
  }

  /** Writes down what did not get to the group, and once a day what would expire there. */
  async refresh(): Promise<void> {
    if (!this.#isLoaded || this.positions.outdated(this.writer).length === 0) return
    await this.turns
      .take(async () => {
        const deadline = Deadline.after(LOAD_LIMIT_MS)
        if (await this.ready(deadline)) await this.write([], deadline)
      })
      .catch((error: unknown) => this.#debug(error, 'Positions could not be written anew'))
  }

  /** Commits what was delivered, if that is to be done by itself. */
  async commitDelivered(deadline: Deadline): Promise<void> {
    if (this.settings.autoCommit) for (const held of this.positions.all) held.commitDelivered()
    await this.write([], deadline)
  }

  /** Runs the part of a poll that delivers, when all calls before it are over. */
  deliver<T>(work: () => Promise<T>): Promise<T> {
    return this.turns.take(() => this.#deliveries.run(work))
  }

  /** Takes note of an answer. Once the client has it that is written down, unless a call does so soon. */
  sending(parts: readonly HeldPartition[]): Batch {
    return this.#deliveries.begin(parts, () => this.#closeSoon())
  }

  /** Resolves when it is known whether the client has the answer before. */
  previousAnswer(): Promise<void> {
    return this.#deliveries.previousAnswer()
  }

  /** Ends it here; what becomes of the member is the caller's affair. */
  #stop(reason: Interruption): void {
    clearTimeout(this.#closing)
    this.waiting.interrupt(reason)
  }

  /** Leaves the group, after the last commit. False if another process holds it by now. */
  async leave(deadline: Deadline): Promise<boolean> {
    if (this.settings.autoCommit)
      await this.#commitLast(deadline).catch((error: unknown) => this.#debug(error, 'The last commit failed'))
    this.#stop('deleted')
    return this.member.leave(deadline)
  }

  /** A group that is being rebalanced is not waited for. */
  async #commitLast(deadline: Deadline): Promise<void> {
    const limit = Deadline.after(Math.min(LAST_COMMIT_LIMIT_MS, deadline.remainingMs))
    if (await this.ready(limit)) await this.commitDelivered(deadline)
  }

  /** Leaves it to other gateways, which find it for what is left of its idle time. Rejects as the member does. */
  handOver(sessionTimeoutMs: number, deadline: Deadline): Promise<void> {
    this.#stop('ended')
    const handing = this.member.handOver(sessionTimeoutMs, deadline)
    this.handedOver = handing.catch(() => undefined)
    return handing
  }

  /** The partitions that it reads. */
  partitionsOf(assignment: MemberAssignment): TopicPartitions {
    return this.settings.assigned ?? assignment.partitions
  }

  #closeSoon(): void {
    clearTimeout(this.#closing)
    const delayMs = this.#answers++ === 0 ? 0 : CLOSE_AFTER_MS
    this.#closing = setTimeout(() => {
      if (this.member.state !== 'stable') return
      void this.write([], Deadline.after(LOAD_LIMIT_MS)).catch((error: unknown) =>
        this.#debug(error, 'A delivered batch could not be marked so')
      )
    }, delayMs).unref()
  }

  /** Of the member. */
  onAssigned(assignment: MemberAssignment): void {
    this.#context.meter.rebalanced()
    this.#context.memory.remember(this.group, this.name, this.#known)
    const loading = this.#load(assignment, Deadline.after(LOAD_LIMIT_MS))
    this.#loading = loading
    loading.catch((error: unknown) => this.#debug(error, 'Positions could not be loaded'))
    this.waiting.changed()
    this.#hooks.onAssigned(this, assignment.generation)
  }

  /** Of the member, before it joins again: positions are committed under the generation that ends. */
  async onRevoked(): Promise<void> {
    this.waiting.changed()
    clearTimeout(this.#closing)
    // A poll that is about to answer delivers what nobody would know of after the commit. And what was delivered elsewhere is not
    // committed before it is loaded; a generation later that would be too late.
    const known = Promise.all([this.#loading, this.#deliveries.over()])
    const limit = Deadline.after(REVOKE_ANSWER_LIMIT_MS)
    await within(limit, known, () => new Error('not in time')).catch(() => undefined)
    const deadline = Deadline.after(REVOKE_COMMIT_LIMIT_MS)
    await (this.#loadedGeneration < 0 ? commitUnloaded(this, deadline) : this.commitDelivered(deadline))
  }

  /** Of the member. */
  onEnded(failure: GroupFailure): void {
    this.ended = failure
    this.#stop('ended')
    this.#hooks.onEnded(this, failure)
  }

  async #load(assignment: MemberAssignment, deadline: Deadline): Promise<void> {
    try {
      const loader = { ...this.writer, generation: assignment.generation, settings: this.settings }
      this.#hold.takeoversLast = await this.#context.groups.takeoversLast(this.group, deadline)
      const isValid = this.#hold.validity()
      await this.positions.load(this.partitionsOf(assignment), loader, deadline)
      // What a newer version wrote says that there was one.
      if (isOutdated(this) || !isValid()) return
      this.#hold.refreshed()
      await this.write([], deadline)
      this.#loadedGeneration = assignment.generation
    } catch (error) {
      this.#loading = undefined
      throw error
    }
  }

  #debug(error: unknown, message: string): void {
    const cause = error instanceof Error ? error.message : String(error)
    this.#context.log.debug({ group: this.group, instance: this.name, cause }, message)
  }
}
