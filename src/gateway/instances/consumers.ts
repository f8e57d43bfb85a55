import { performance } from 'node:perf_hooks'
import { GatewayError } from '../../core/errors.ts'
import type { Call, Principal } from '../../core/principal.ts'
import type { TopicPartitions } from '../../kafka/groups/consumer-protocol.ts'
import type { InstancesContext } from './context.ts'
import { isTrouble } from './failures.ts'
import type { Instance } from './instance.ts'
import { Instances } from './instances.ts'
import { requireRead } from './may-read.ts'
import { type CommittedOffset, Offsets, type OffsetToCommit, requireReady, type SoughtPlace } from './offsets.ts'
import { NOTHING, Poll, type Polled, type PollRequest } from './poll.ts'
import type { RescueTimes } from './rescue.ts'
import { type CreateSettings, type InstanceSettings, ownerOf } from './settings.ts'
import { type Subscribed, Subscriptions } from './subscriptions.ts'

/** What an instance reads now. */
export interface Subscription {
  readonly settings: InstanceSettings
  readonly topics: readonly string[]
  /** Those that it has; empty while the group is being rebalanced. */
  readonly partitions: TopicPartitions
}

/** Returns the request for an instance, which may depend on what that was made with. */
export type RequestOf = (settings: InstanceSettings) => PollRequest

/** {@link Consumers}, as APIs use it. */
export type ConsumerUseCases = Pick<Consumers, keyof Consumers>

/**
 * The use cases of consumer instances, free of HTTP. Each rejects with a GatewayError. An instance is named by its group and
 * its name, and may have been made by any gateway. Permission for the group has been judged before; that for topics is judged here.
 */
export class Consumers {
  readonly #context: InstancesContext
  readonly #instances: Instances
  readonly #subscriptions: Subscriptions
  readonly #offsets: Offsets
  #waits = 0

  constructor(context: InstancesContext, rescueTimes?: RescueTimes) {
    this.#context = context
    this.#instances = new Instances(context, rescueTimes)
    this.#subscriptions = new Subscriptions(context)
    this.#offsets = new Offsets(context)
  }

  /** How many instances this process holds. */
  get held(): number {
    return this.#instances.size
  }

  /** How many polls wait. */
  get waits(): number {
    return this.#waits
  }

  /** Returns the instance's name; null lets the gateway choose it. */
  create(call: Call, group: string, name: string | null, settings: CreateSettings): Promise<string> {
    return this.#instances.create(call, group, name, settings)
  }

  delete(call: Call, group: string, name: string): Promise<void> {
    return this.#instances.delete(call, group, name)
  }

  /** What an instance was made with, if this process holds it for the caller. Asks nobody. */
  heldSettings(principal: Principal, group: string, name: string): InstanceSettings | undefined {
    const settings = this.#instances.held(group, name)?.settings
    return settings?.owner === ownerOf(principal) ? settings : undefined
  }

  /** What it was made with, and has become. */
  async settings(call: Call, group: string, name: string): Promise<InstanceSettings> {
    try {
      return await this.#instances.wait(call, group, name, instance => Promise.resolve(instance.settings))
    } catch (error) {
      const settings = this.#context.memory.recall(group, name)?.settings
      if (isOvertaken(error) && settings?.owner === ownerOf(call.principal)) return settings
      throw error
    }
  }

  subscribe(call: Call, group: string, name: string, to: Subscribed): Promise<void> {
    return this.#run(call, group, name, instance =>
      this.#subscriptions.subscribe(instance, to, call.principal, call.deadline)
    )
  }

  unsubscribe(call: Call, group: string, name: string): Promise<void> {
    return this.#run(call, group, name, instance => this.#subscriptions.unsubscribe(instance, call.deadline))
  }

  assign(call: Call, group: string, name: string, partitions: TopicPartitions): Promise<void> {
    return this.#run(call, group, name, instance =>
      this.#subscriptions.assign(instance, partitions, call.principal, call.deadline)
    )
  }

  subscription(call: Call, group: string, name: string): Promise<Subscription> {
    return this.#run(call, group, name, ({ settings, topics, member }) => {
      const partitions = settings.assigned ?? member.assignment?.partitions ?? new Map()
      return Promise.resolve({ settings, topics, partitions })
    })
  }

  /** The partitions that the client assigned, or that the group gave it. */
  assignments(call: Call, group: string, name: string): Promise<TopicPartitions> {
    return this.#run(call, group, name, async instance => {
      if (instance.settings.assigned !== null) return instance.settings.assigned
      await requireReady(instance, call.deadline)
      return instance.member.assignment?.partitions ?? new Map()
    })
  }

  /** Null commits exactly what was delivered. Returns what the instance was made with. */
  async commit(
    call: Call,
    group: string,
    name: string,
    offsets: readonly OffsetToCommit[] | null
  ): Promise<InstanceSettings> {
    for (const { topic } of offsets ?? []) requireRead(call.principal, [topic])
    return this.#run(call, group, name, async instance => {
      if (offsets === null) await this.#offsets.commitDelivered(instance, call.deadline)
      else await this.#offsets.commit(instance, offsets, call.deadline)
      return instance.settings
    })
  }

  async committed(call: Call, group: string, name: string, partitions: TopicPartitions): Promise<CommittedOffset[]> {
    requireRead(call.principal, partitions.keys())
    return this.#run(call, group, name, instance => this.#offsets.committed(instance, partitions, call.deadline))
  }

  async seek(call: Call, group: string, name: string, places: readonly SoughtPlace[]): Promise<void> {
    for (const { topic } of places) requireRead(call.principal, [topic])
    return this.#run(call, group, name, instance => this.#offsets.seek(instance, places, call.deadline))
  }

  /**
   * See {@link Poll.run}. `requestOf` is asked once the instance is held here, and again if it is taken over anew; not at all
   * if it is another gateway's all the time. Throws INSTANCE_LIMIT if as many polls wait as may.
   */
  async poll(call: Call, group: string, name: string, requestOf: RequestOf): Promise<Polled> {
    const { waits } = this.#context.options
    if (this.#waits >= waits)
      throw new GatewayError('INSTANCE_LIMIT', `${waits} polls wait, which is the limit.`, {
        headers: { 'Retry-After': '1' }
      })
    this.#waits++
    try {
      const outcome = await this.#attempt(call, group, name, requestOf)
      // It was taken over while it joined, which may have been before this call: then this one is the newer.
      return outcome === 'fenced' ? await this.#attemptLast(call, group, name, requestOf) : outcome
    } finally {
      this.#waits--
    }
  }

  /** Leaves the instances to other gateways. */
  close(): Promise<void> {
    return this.#instances.close()
  }

  async #attemptLast(call: Call, group: string, name: string, requestOf: RequestOf): Promise<Polled> {
    const outcome = await this.#attempt(call, group, name, requestOf)
    return outcome === 'fenced' ? NOTHING : outcome
  }

  /** The newer call wins: a poll that another gateway's call has overtaken ends without records. */
  async #attempt(call: Call, group: string, name: string, requestOf: RequestOf): Promise<Polled | 'fenced'> {
    const sinceMs = performance.now()
    let request: PollRequest | undefined = undefined
    try {
      return await this.#instances.wait(call, group, name, async instance => {
        const isJoining = instance.member.assignment === null
        request = this.#bounded(requestOf(instance.settings))
        try {
          await this.#subscriptions.follow(instance, call.principal, call.deadline)
          return await new Poll(this.#context, instance, call, request).run()
        } catch (error) {
          if (!isTrouble(error, 'fenced')) throw error
          return isJoining ? 'fenced' : NOTHING
        }
      })
    } catch (error) {
      const isAway = error instanceof GatewayError && error.code === 'KAFKA_UNAVAILABLE'
      if (!isAway && !isOvertaken(error)) throw error
      const known = request ?? this.#remembered(call, group, name, requestOf)
      if (known === undefined) throw error
      // Another call took it over before this one had.
      if (!isAway) return 'fenced'
      // The coordinator may be away for longer than the poll waits; where Kafka is known to be away that is told at once.
      if (performance.now() - sinceMs >= known.waitMs) return NOTHING
      throw error
    }
  }

  /** The request for an instance that another gateway has now; undefined if it was never here, or is another caller's. */
  #remembered(call: Call, group: string, name: string, requestOf: RequestOf): PollRequest | undefined {
    const settings = this.#context.memory.recall(group, name)?.settings
    return settings?.owner === ownerOf(call.principal) ? this.#bounded(requestOf(settings)) : undefined
  }

  #bounded(request: PollRequest): PollRequest {
    const { waitMs, pollBytes } = this.#context.options
    return {
      ...request,
      waitMs: Math.min(request.waitMs, waitMs),
      maxBytes: Math.min(request.maxBytes, pollBytes)
    }
  }

  #run<T>(call: Call, group: string, name: string, work: (instance: Instance) => Promise<T>): Promise<T> {
    return this.#instances.call(call, group, name, work)
  }
}

/** Another call took the instance over before this one had. */
function isOvertaken(error: unknown): boolean {
  return error instanceof GatewayError && error.code === 'GROUP_BUSY' && error.cause !== undefined
}
