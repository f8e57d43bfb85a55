import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../core/deadline.ts'
import { recent } from '../../core/lib/recent.ts'
import type { GroupDescription } from '../../kafka/groups/describe-messages.ts'
import type { Committed, PartitionMap } from '../../kafka/groups/offset-messages.ts'
import type { InstancesContext } from './context.ts'
import type { KnownInstance } from './known-instance.ts'
import { instanceKey } from './position-entry.ts'
import { newestGeneration, newestVersions } from './resume.ts'

/** Whoever holds the instances of this process. */
export interface Holder {
  /** Whether it holds the instance, or is about to. */
  holds(group: string, name: string): boolean
  /** Takes the instance over, as it is known. Throws if it may not hold more. */
  hold(group: string, name: string, known: KnownInstance): unknown
}

export interface RescueTimes {
  /** Between two looks at the cluster, at least; twice as long at most. */
  readonly lookMs: number
  /** For living holders to hear of the rebalance, to join, and to show that they live. */
  readonly patienceMs: number
  /** So that one gateway comes first, and ends the rebalance before the next. */
  readonly spreadMs: number
}

/** Holders hear of a rebalance within 3 s, and have shown that they live 3 s later. */
const TIMES: RescueTimes = { lookMs: 1000, patienceMs: 7000, spreadMs: 3000 }
const GROUPS_LIMIT = 10_000
const ASK_LIMIT_MS = 2000
/** For all members to have their assignment, after which the group shows what each subscribes to. */
const LEARN_AFTER_MS = 500

/** A group that waits for a member. */
interface Waiting {
  /** Newest one of which anything was seen when the group was found to wait. */
  readonly generation: number
  /** Member id of each instance as first seen in this rebalance. Whoever changes it lives, or has taken the instance over. */
  readonly firstIds: ReadonlyMap<string, string>
  timer: NodeJS.Timeout | undefined
}

/**
 * Takes over instances whose holder is dead, where a rebalance waits for them: without that all members of the group, Java
 * consumers among them, would stand still until the largest rebalance time-out of any of them has passed. Nothing tells the
 * dead from the living but that the living change their member ids when they are kept waiting.
 */
export class Rescue {
  readonly #context: InstancesContext
  readonly #holder: Holder
  readonly #times: RescueTimes
  readonly #waiting = new Map<string, Waiting>()
  /** Generation of each group that was looked at last, or is to be. */
  readonly #learned = recent<string, number>(GROUPS_LIMIT)
  readonly #closing = new AbortController()

  constructor(context: InstancesContext, holder: Holder, times = TIMES) {
    this.#context = context
    this.#holder = holder
    this.#times = times
    void this.#run()
  }

  /** The group has a new generation: what its other instances subscribe to is remembered for the next rebalance. */
  async assigned(group: string, generation: number): Promise<void> {
    const { groups, memory } = this.#context
    if (this.#learned.get(group) === generation) return
    this.#learned.set(group, generation)
    await this.#pause(LEARN_AFTER_MS)
    if (this.#closing.signal.aborted) return
    try {
      memory.learn(group, await groups.describe(group, Deadline.after(ASK_LIMIT_MS)))
    } catch (error) {
      this.#debug(group, error)
    }
  }

  close(): void {
    this.#closing.abort()
    for (const { timer } of this.#waiting.values()) clearTimeout(timer)
    this.#waiting.clear()
  }

  async #run(): Promise<void> {
    const { lookMs } = this.#times
    while (!this.#closing.signal.aborted) {
      await this.#pause(lookMs + Math.random() * lookMs)
      if (!this.#closing.signal.aborted && !this.#context.memory.isEmpty) await this.#look()
    }
  }

  async #look(): Promise<void> {
    const { groups, memory } = this.#context
    const waiting = await groups.rebalancing(Deadline.after(ASK_LIMIT_MS))
    for (const [group, { timer }] of this.#waiting)
      if (!waiting.has(group)) {
        clearTimeout(timer)
        this.#waiting.delete(group)
      }
    const found = [...waiting].filter(group => memory.hasSeen(group) && !this.#waiting.has(group))
    await Promise.all(found.map(group => this.#begin(group)))
  }

  async #begin(group: string): Promise<void> {
    const [described, stored] = await Promise.all([this.#describe(group), this.#stored(group)])
    if (described === undefined || stored === undefined || this.#closing.signal.aborted) return
    const firstIds = new Map(described.members.map(({ instanceId, memberId }) => [instanceId ?? '', memberId]))
    const { patienceMs, spreadMs } = this.#times
    const waiting: Waiting = { generation: this.#generationOf(group, stored), firstIds, timer: undefined }
    waiting.timer = setTimeout(() => void this.#rescue(group, waiting), patienceMs + Math.random() * spreadMs).unref()
    this.#waiting.set(group, waiting)
  }

  /** Happens once a rebalance. */
  async #rescue(group: string, { generation, firstIds }: Waiting): Promise<void> {
    const { memory, log } = this.#context
    const stored = await this.#stored(group)
    const described = await this.#describe(group)
    if (described === undefined || stored === undefined || this.#closing.signal.aborted) return
    if (this.#generationOf(group, stored) > generation) {
      // Another rebalance, which began between two looks: its members have yet to show that they live.
      this.#waiting.delete(group)
      return
    }
    const versions = newestVersions(stored)
    const rescued: string[] = []
    try {
      for (const { instanceId: name, memberId } of described.members) {
        if (name === null || firstIds.get(name) !== memberId || this.#holder.holds(group, name)) continue
        const known = memory.recall(group, name)
        if (known === undefined) continue
        // What has changed since is not to be undone.
        const { version, born } = known.settings
        if ((versions.get(instanceKey(name, born)) ?? 0) > version) continue
        this.#holder.hold(group, name, known)
        rescued.push(name)
      }
    } catch (error) {
      this.#debug(group, error)
    }
    if (rescued.length > 0)
      log.info({ group, instances: rescued }, 'Consumer instances were taken over, as their group waited for them')
  }

  #generationOf(group: string, stored: PartitionMap<Committed | number>): number {
    return Math.max(newestGeneration(stored), ...this.#context.groups.held(group).map(({ generation }) => generation))
  }

  /** Returns what the group committed, or undefined if Kafka does not tell. */
  async #stored(group: string): Promise<PartitionMap<Committed | number> | undefined> {
    try {
      return await this.#context.groups.committed(group, null, Deadline.after(ASK_LIMIT_MS))
    } catch (error) {
      this.#debug(group, error)
      return undefined
    }
  }

  /** Returns undefined unless the group is being rebalanced. */
  async #describe(group: string): Promise<GroupDescription | undefined> {
    try {
      const described = await this.#context.groups.describe(group, Deadline.after(ASK_LIMIT_MS))
      return described.kind === 'classic' && described.state === 'PreparingRebalance' ? described : undefined
    } catch (error) {
      this.#debug(group, error)
      return undefined
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { ref: false, signal: this.#closing.signal }).catch(() => undefined)
  }

  #debug(group: string, error: unknown): void {
    this.#context.log.debug({ group, cause: String(error) }, 'A group could not be looked after')
  }
}
