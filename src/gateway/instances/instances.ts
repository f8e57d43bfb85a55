import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { Deadline } from '../../core/deadline.ts'
import { SingleFlight } from '../../core/lib/single-flight.ts'
import type { Call } from '../../core/principal.ts'
import type { GroupDescription } from '../../kafka/groups/describe-messages.ts'
import type { GroupFailure } from '../../kafka/groups/group-failure.ts'
import { NOT_ASSIGNED } from './assigned.ts'
import { commitWhileJoining } from './commit-while-joining.ts'
import type { InstancesContext } from './context.ts'
import { Deletions } from './deletions.ts'
import { forgetStarts } from './empty-group.ts'
import {
  groupBusy,
  instanceExists,
  instanceLimit,
  instanceNotFound,
  invalidInstance,
  isPassing,
  isTrouble,
  requireClassic,
  toldError
} from './failures.ts'
import { keyOf } from './group-memory.ts'
import { requireRoom } from './group-room.ts'
import { Instance, type InstanceHooks } from './instance.ts'
import type { KnownInstance } from './known-instance.ts'
import { repair } from './repair.ts'
import { Rescue, type RescueTimes } from './rescue.ts'
import { bornNow, type CreateSettings, NO_COUNTS, ownerOf } from './settings.ts'
import { findInstance } from './takeover.ts'
import { untilHeard } from './until-heard.ts'

const NAME = /^[a-zA-Z0-9._-]{1,249}$/
const ATTEMPTS = 3
/** A group that is not Stable after so long is being rebalanced: the call goes on without its partitions. */
const JOIN_LIMIT_MS = 500
const SWEEP_MS = 1000
/** How often positions and commits that did not get to the group, or are old, are written anew. */
const REFRESH_MS = 5000
const LEAVE_LIMIT_MS = 5000
/** The shortest session that brokers allow by default. */
const SHORTEST_SESSION_MS = 6000

/** The consumer instances of a cluster: those that this process holds, and the way to all others. */
export class Instances implements InstanceHooks {
  readonly #context: InstancesContext
  readonly #held = new Map<string, Instance>()
  /** Takeovers under way: calls for the same instance share one. */
  readonly #taking = new SingleFlight<Instance>()
  readonly #rescue: Rescue
  readonly #deletions: Deletions
  readonly #sweep: NodeJS.Timeout
  readonly #refreshing: NodeJS.Timeout
  #isClosed = false

  constructor(context: InstancesContext, rescueTimes?: RescueTimes) {
    this.#context = context
    this.#rescue = new Rescue(context, this, rescueTimes)
    this.#deletions = new Deletions(context)
    context.groups.onCoordinatorMoved(group => {
      for (const { instanceId } of context.groups.held(group))
        this.#held.get(keyOf(group, instanceId ?? ''))?.coordinatorMoved()
    })
    this.#sweep = setInterval(() => this.#endIdle(), SWEEP_MS).unref()
    this.#refreshing = setInterval(() => void this.refresh(), REFRESH_MS).unref()
  }

  /** How many this process holds. */
  get size(): number {
    return this.#held.size
  }

  /** Makes an instance; returns its name. Does not wait for the group to be rebalanced. */
  async create(call: Call, group: string, given: string | null, said: CreateSettings): Promise<string> {
    const name = given ?? `rest-consumer-${randomUUID()}`
    requireName('The name of a group', group)
    requireName('The name of an instance', name)
    const { memory, groups } = this.#context
    try {
      const held = this.#held.get(keyOf(group, name))
      if (held !== undefined && (await isStillHeld(held, call.deadline))) throw instanceExists(group, name)
      const described = await groups.describe(group, call.deadline)
      memory.learn(group, described)
      requireClassic(group, described)
      const { kind, members } = described
      if (members.some(({ instanceId }) => instanceId === name)) throw instanceExists(group, name)
      if (members.length === 0 && kind !== 'none') await forgetStarts(this.#context, group, call.deadline)
      const owner = ownerOf(call.principal)
      const nothing = { ...NOT_ASSIGNED, pattern: null, counts: NO_COUNTS }
      // Higher than all of an instance that had the name before, which other gateways may remember.
      const version = Date.now()
      const settings = { ...said, ...nothing, version, owner, born: bornNow() }
      const known = { topics: [], settings }
      requireRoom(group, described, memory.recordBytes(group), { ...known, name, counts: NO_COUNTS })
      const instance = this.hold(group, name, known)
      await this.#joined(instance, call.deadline).catch(async (error: unknown) => {
        await instance.leave(Deadline.after(LEAVE_LIMIT_MS)).catch(() => undefined)
        this.#release(instance)
        throw isPassing(error) ? instanceExists(group, name) : error
      })
      instance.acknowledged = version
      return name
    } catch (error) {
      throw toldError(group, name, error)
    }
  }

  /** Ends an instance. */
  async delete(call: Call, group: string, name: string): Promise<void> {
    await this.call(call, group, name, async instance => {
      instance.waiting.interrupt('deleted')
      this.#context.memory.deleted(group, name)
      await instance.leave(call.deadline)
      this.#release(instance)
      this.#deletions.deleted({ group, name, born: instance.settings.born })
    })
  }

  /**
   * Runs a call that does not wait for records, one at a time for an instance; takes the instance over where another gateway
   * holds it. Rejects with a GatewayError: INSTANCE_NOT_FOUND, GROUP_BUSY after three attempts, and whatever `work` throws.
   */
  async call<T>(call: Call, group: string, name: string, work: (instance: Instance) => Promise<T>): Promise<T> {
    let last: unknown
    try {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const instance = await this.of(call, group, name)
        try {
          return await this.#counted(instance, () => instance.turns.take(() => work(instance)))
        } catch (error) {
          if (!isPassing(error)) throw error
          last = error
          if (call.deadline.passed) break
        }
      }
      throw last
    } catch (error) {
      throw toldError(group, name, error)
    }
  }

  /** Runs a call that waits for records, and so never takes the instance over again. */
  async wait<T>(call: Call, group: string, name: string, work: (instance: Instance) => Promise<T>): Promise<T> {
    try {
      const instance = await this.of(call, group, name)
      return await this.#counted(instance, () => work(instance))
    } catch (error) {
      throw toldError(group, name, error)
    }
  }

  /** Returns the instance, held by this process from now on. Rejects if there is none, or it is another caller's. */
  async of(call: Call, group: string, name: string): Promise<Instance> {
    const key = keyOf(group, name)
    for (;;) {
      const held = this.#held.get(key)
      const instance = held ?? (await this.#taking.of(key, () => this.#takeOver(group, name, call)))
      if (instance.settings.owner !== ownerOf(call.principal)) throw instanceNotFound(group, name)
      if (held === undefined || (await isStillHeld(instance, call.deadline))) return instance
    }
  }

  /** See {@link Instance.refresh}: of all that this process holds, every 5 s. */
  async refresh(): Promise<void> {
    await Promise.all(Array.from(this.#held.values(), instance => instance.refresh()))
  }

  /** Returns an instance if this process holds it, whoever made it. */
  held(group: string, name: string): Instance | undefined {
    return this.#held.get(keyOf(group, name))
  }

  /** Leaves all instances to other gateways, or to the process that comes next. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#sweep)
    clearInterval(this.#refreshing)
    this.#rescue.close()
    this.#deletions.close()
    const { sessionTimeoutMs, instanceTimeoutMs } = this.#context.options
    const deadline = Deadline.after(LEAVE_LIMIT_MS)
    await Promise.allSettled(
      Array.from(this.#held.values(), instance => {
        const leftMs = instanceTimeoutMs - idleMs(instance)
        return instance.handOver(
          Math.max(SHORTEST_SESSION_MS, Math.min(leftMs, instanceTimeoutMs), sessionTimeoutMs),
          deadline
        )
      })
    )
    this.#held.clear()
  }

  async #takeOver(group: string, name: string, call: Call): Promise<Instance> {
    const { memory, meter } = this.#context
    const startedMs = performance.now()
    const { joinAs, lost, memberId } = await findInstance(this.#context, group, name, call.deadline)
    if (joinAs.settings.owner !== ownerOf(call.principal)) throw instanceNotFound(group, name)
    if (memory.wasDeletedSince(group, name, startedMs)) throw instanceNotFound(group, name)
    const instance = this.hold(group, name, joinAs)
    void commitWhileJoining(this.#context, instance, memberId)
    // Under an empty member id other topics would replace those in the group without a rebalance.
    if (lost !== null) instance.restore(lost)
    meter.tookOver()
    // A call must not be answered while its takeover is still on its way: it would fence a later one.
    await instance.member.settled(Deadline.after(Math.min(JOIN_LIMIT_MS, call.deadline.remainingMs)))
    instance.acknowledged = instance.settings.version
    return instance
  }

  /** Whether it is held, or about to be; once this is closed nothing is to be taken over by itself any more. */
  holds(group: string, name: string): boolean {
    const key = keyOf(group, name)
    return this.#isClosed || this.#held.has(key) || this.#taking.has(key)
  }

  /** Makes the member, and has it join. Throws INSTANCE_LIMIT, INVALID_INSTANCE, or a GroupFailure. */
  hold(group: string, name: string, known: KnownInstance): Instance {
    const { options } = this.#context
    if (this.#held.size >= options.instances) throw instanceLimit(options.instances)
    const instance = new Instance(this.#context, group, name, known, this)
    this.#held.set(keyOf(group, name), instance)
    instance.member.join()
    return instance
  }

  /** Resolves when the coordinator knows the member, though the group may be rebalanced for long. */
  async #joined(instance: Instance, deadline: Deadline): Promise<void> {
    const isShown = ({ members }: GroupDescription) => members.some(({ instanceId }) => instanceId === instance.name)
    if (!(await untilHeard(this.#context.groups, instance, deadline, isShown))) throw groupBusy(instance.group)
  }

  /** Of an instance. */
  onAssigned({ group }: Instance, generation: number): void {
    void this.#rescue.assigned(group, generation)
  }

  /** Of an instance. */
  onEnded(instance: Instance, failure: GroupFailure): void {
    this.#release(instance)
    const { group, name } = instance
    if (failure.trouble === 'unknownMember') this.#context.memory.forget(group, name)
    if (failure.trouble === 'fenced') void repair(this.#context, this, instance)
  }

  #release(instance: Instance): void {
    const key = keyOf(instance.group, instance.name)
    if (this.#held.get(key) === instance) this.#held.delete(key)
  }

  async #counted<T>(instance: Instance, work: () => Promise<T>): Promise<T> {
    instance.callsUnderWay++
    try {
      return await work()
    } finally {
      instance.callsUnderWay--
      instance.calledAtMs = performance.now()
    }
  }

  #endIdle(): void {
    const { options, log } = this.#context
    for (const instance of this.#held.values()) {
      if (instance.callsUnderWay > 0 || idleMs(instance) < options.instanceTimeoutMs) continue
      this.#release(instance)
      const { group, name } = instance
      log.debug({ group, instance: name }, 'An idle consumer instance ends')
      instance.leave(Deadline.after(LEAVE_LIMIT_MS)).catch((error: unknown) => {
        log.debug(
          { group, instance: name, cause: String(error) },
          'An idle consumer instance could not leave its group'
        )
      })
    }
  }
}

/** Whether no other gateway has taken it over since. This call is newer than any that did: it may take it back. */
async function isStillHeld({ member }: Instance, deadline: Deadline): Promise<boolean> {
  if (member.assignment === null) return true
  try {
    await member.heartbeat(deadline)
    return true
  } catch (error) {
    if (!isPassing(error)) throw error
    // Fenced or removed, it has ended; else it only joins again.
    return !isTrouble(error, 'fenced') && !isTrouble(error, 'unknownMember')
  }
}

function idleMs({ calledAtMs }: Instance): number {
  return performance.now() - calledAtMs
}

function requireName(what: string, name: string): void {
  if (!NAME.test(name)) throw invalidInstance(`${what} must consist of 1 to 249 of a-z A-Z 0-9 . _ -`)
}
