import { performance } from 'node:perf_hooks'
import type { Deadline } from '../../core/deadline.ts'
import type { Principal } from '../../core/principal.ts'
import type { TopicPartitions } from '../../kafka/groups/consumer-protocol.ts'
import { isInternalTopic, partitionNotFound, refuseInternal, topicNotFound } from '../topic-access.ts'
import { assignedBy, NOT_ASSIGNED } from './assigned.ts'
import type { InstancesContext } from './context.ts'
import { instanceState, invalidInstance } from './failures.ts'
import { requireRoom } from './group-room.ts'
import type { Instance } from './instance.ts'
import { mayRead, requireRead } from './may-read.ts'
import { encodeSettings, type InstanceSettings, NO_COUNTS } from './settings.ts'
import { compilePattern } from './topic-pattern.ts'
import { untilHeard } from './until-heard.ts'

/** What an instance is to read: topics by name, or by a pattern. */
export type Subscribed = { readonly topics: readonly string[] } | { readonly pattern: string }

/** How often a pattern is compared with the topics that there are. */
const PATTERN_AGAIN_MS = 5000
const CLASH = 'Subscription to topics, partitions and pattern are mutually exclusive.'

/** Changes what an instance reads. The group is told in the background; each call resolves when it has been. */
export class Subscriptions {
  readonly #context: InstancesContext
  readonly #comparedAtMs = new WeakMap<Instance, number>()

  constructor(context: InstancesContext) {
    this.#context = context
  }

  async subscribe(instance: Instance, to: Subscribed, principal: Principal, deadline: Deadline): Promise<void> {
    if (instance.settings.assigned !== null) throw instanceState(CLASH)
    const pattern = 'pattern' in to ? to.pattern : null
    const topics = 'pattern' in to ? await this.#matching(to.pattern, principal, deadline) : [...new Set(to.topics)]
    requireRead(principal, topics)
    for (const topic of topics) refuseInternal(topic)
    const counts = await this.#counts(instance.settings, topics, deadline)
    await this.#change(instance, { pattern, counts }, topics, deadline)
  }

  /** Ends a subscription, and an assignment. */
  async unsubscribe(instance: Instance, deadline: Deadline): Promise<void> {
    const { assigned, pattern } = instance.settings
    if (assigned === null && pattern === null && instance.topics.length === 0) return
    await this.#change(instance, { ...NOT_ASSIGNED, pattern: null, counts: NO_COUNTS }, [], deadline)
  }

  /** Throws TOPIC_NOT_FOUND, PARTITION_NOT_FOUND. */
  async assign(
    instance: Instance,
    partitions: TopicPartitions,
    principal: Principal,
    deadline: Deadline
  ): Promise<void> {
    const { pattern } = instance.settings
    if (pattern !== null || instance.topics.length > 0) throw instanceState(CLASH)
    if (partitions.size === 0) return this.unsubscribe(instance, deadline)
    requireRead(principal, partitions.keys())
    for (const [topic, numbers] of partitions) await this.#requirePartitions(topic, numbers, deadline)
    const { nextVersion, settings } = instance
    await this.#change(instance, assignedBy(nextVersion, partitions, settings.assignedSince), [], deadline)
  }

  /** Takes topics in or out that have come under a pattern, or that the caller may not read any more. */
  async follow(instance: Instance, principal: Principal, deadline: Deadline): Promise<void> {
    const { pattern, assigned } = instance.settings
    if (assigned !== null) return
    const isDue = performance.now() - (this.#comparedAtMs.get(instance) ?? -Infinity) >= PATTERN_AGAIN_MS
    if (pattern === null || !isDue) {
      const allowed = instance.topics.filter(topic => mayRead(principal, topic))
      if (allowed.length < instance.topics.length) instance.change({}, allowed)
      return
    }
    this.#comparedAtMs.set(instance, performance.now())
    const topics = await this.#matching(pattern, principal, deadline)
    if (topics.join('\n') === [...instance.topics].sort().join('\n')) return
    await this.#requireRoom(instance, {}, topics, deadline)
    instance.change({}, topics)
  }

  async #change(
    instance: Instance,
    changes: Partial<InstanceSettings>,
    topics: readonly string[],
    deadline: Deadline
  ): Promise<void> {
    await this.#requireRoom(instance, changes, topics, deadline)
    if (instance.member.state === 'stable') await instance.member.heartbeat(deadline)
    instance.change(changes, topics)
    await this.#told(instance, deadline)
    instance.acknowledged = instance.settings.version
  }

  /** Throws INVALID_INSTANCE, INSTANCE_LIMIT for what Kafka could not keep. */
  async #requireRoom(
    { group, name, settings: before }: Instance,
    changes: Partial<InstanceSettings>,
    topics: readonly string[],
    deadline: Deadline
  ): Promise<void> {
    const { options, groups, memory, metadata } = this.#context
    const settings = { ...before, ...changes }
    const { length } = encodeSettings(settings)
    if (length > options.userDataBytes)
      throw invalidInstance(
        `What the instance reads takes ${length} bytes to describe; the limit is ${options.userDataBytes} (consumers.userDataBytes).`
      )
    const described = await groups.describe(group, deadline)
    memory.learn(group, described)
    const counts = new Map(topics.map(topic => [topic, metadata.peek(topic)?.partitions.length ?? 0]))
    requireRoom(group, described, memory.recordBytes(group), { name, topics, settings, counts })
  }

  /** Resolves when the coordinator has heard of the change: the group may be rebalanced for long after that. */
  async #told(instance: Instance, deadline: Deadline): Promise<void> {
    if (!deadline.passed) await untilHeard(this.#context.groups, instance, deadline, ({ state }) => state !== 'Stable')
  }

  async #matching(pattern: string, principal: Principal, deadline: Deadline): Promise<string[]> {
    const isMeant = await compilePattern(pattern)
    const { topics } = await this.#context.metadata.everything(deadline)
    return [...topics.values()]
      .filter(({ topic }) => !topic.isInternal && !isInternalTopic(topic.name))
      .map(({ topic }) => topic.name)
      .filter(name => isMeant(name) && mayRead(principal, name))
      .sort()
  }

  /** Only `latest` has to know which partitions come later. */
  async #counts({ reset }: InstanceSettings, topics: readonly string[], deadline: Deadline) {
    if (reset !== 'latest') return NO_COUNTS
    const { metadata } = this.#context
    const counts = await Promise.all(
      topics.map(async topic => [topic, (await metadata.topic(topic, deadline))?.partitions.length ?? 0] as const)
    )
    return new Map(counts)
  }

  async #requirePartitions(topic: string, numbers: readonly number[], deadline: Deadline): Promise<void> {
    const { metadata } = this.#context
    refuseInternal(topic)
    let known = metadata.peek(topic) ?? (await metadata.topic(topic, deadline))
    if (numbers.some(number => known?.partitions[number] === undefined)) known = await metadata.refresh(topic, deadline)
    if (known === null) throw topicNotFound(topic)
    refuseInternal(topic, known)
    const missing = numbers.find(number => known.partitions[number] === undefined)
    if (missing !== undefined) throw partitionNotFound(topic, missing, known.partitions.length)
  }
}
