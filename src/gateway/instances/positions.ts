import type { Deadline } from '../../core/deadline.ts'
import type { Start } from '../../kafka/fetch/starts.ts'
import type { TopicPartitions } from '../../kafka/groups/consumer-protocol.ts'
import type { Commit, Committed, PartitionMap } from '../../kafka/groups/offset-messages.ts'
import { KafkaFailure } from '../../kafka/kafka-failure.ts'
import type { InstancesContext } from './context.ts'
import { instanceState } from './failures.ts'
import { HeldPartition, type Writer } from './held-partition.ts'
import { entryOf, topicKey } from './position-entry.ts'
import { belongsTo, NOTHING, resume } from './resume.ts'
import type { InstanceSettings } from './settings.ts'

/** For whom positions are loaded. */
export interface Loader extends Writer {
  readonly settings: InstanceSettings
}

export interface Writing {
  readonly commits: ReadonlyMap<string, readonly Commit[]>
  /** Whether all of it is about partitions that are held now. */
  readonly isHeld: boolean
  /** Call it with what became of the commits. */
  keep(results: PartitionMap<number>): void
}

/** The partitions that an instance reads, and how far it is in each. */
export class Positions {
  readonly #context: InstancesContext
  readonly #group: string
  readonly #held = new Map<string, HeldPartition>()
  #clearings = 0
  /** Newest version of its settings under which the instance has delivered, by whichever gateway. */
  newestVersion = 0

  constructor(context: InstancesContext, group: string) {
    this.#context = context
    this.#group = group
  }

  /** Forgets them all: each is to be loaded again. */
  clear(): void {
    this.#held.clear()
    this.#clearings++
  }

  get all(): readonly HeldPartition[] {
    return [...this.#held.values()]
  }

  get(topic: string, partition: number): HeldPartition | undefined {
    return this.#held.get(keyOf(topic, partition))
  }

  /**
   * Holds these partitions and no others. Those it held before keep their position; of the others it asks the group, unless
   * what that has of them is `known`.
   */
  async load(
    wanted: TopicPartitions,
    loader: Loader,
    deadline: Deadline,
    known?: PartitionMap<Committed | number>
  ): Promise<void> {
    const keys = new Set([...wanted].flatMap(([topic, numbers]) => numbers.map(number => keyOf(topic, number))))
    for (const key of this.#held.keys()) if (!keys.has(key)) this.#held.delete(key)
    const missing = new Map<string, readonly number[]>()
    for (const [topic, numbers] of wanted) {
      const unknown = numbers.filter(number => !this.#held.has(keyOf(topic, number)))
      if (unknown.length > 0) missing.set(topic, unknown)
    }
    if (missing.size === 0) return
    const clearings = this.#clearings
    const stored = known ?? (await this.#context.groups.committed(this.#group, missing, deadline))
    const loaded = await Promise.all(
      Array.from(missing, ([topic, numbers]) => this.#loadTopic(topic, numbers, stored, loader, deadline))
    )
    await this.resolve(loaded.flat(), loader.settings, deadline)
    if (clearings === this.#clearings)
      for (const held of loaded.flat()) this.#held.set(keyOf(held.topic, held.partition), held)
  }

  /** Holds those that the instance was delivered last from: which partitions it will have is not known yet. */
  async loadOwn(loader: Loader, deadline: Deadline): Promise<void> {
    const { instance, generation } = loader
    const stored = await this.#context.groups.committed(this.#group, null, deadline)
    const own = new Map<string, readonly number[]>()
    for (const [topic, ofTopic] of stored) {
      const numbers = Array.from(ofTopic).flatMap(([partition, told]) => {
        const delivered = entryOf(told)?.delivered
        return delivered && belongsTo(delivered, { instance, generation, assignedSince: null }) ? partition : []
      })
      if (numbers.length > 0) own.set(topic, numbers)
    }
    await this.load(own, loader, deadline, stored)
  }

  /** Those of which the group does not have what it should. */
  outdated(writer: Writer): HeldPartition[] {
    return this.all.filter(held => held.isOutdated(writer))
  }

  /** What is to be committed to write these partitions down, and all others of which the group does not have what it should. */
  toWrite(partitions: Iterable<HeldPartition>, writer: Writer): Writing {
    const all = Array.from(new Set([...partitions, ...this.outdated(writer)]), held => ({
      held,
      written: held.written(writer)
    }))
    const commits = new Map<string, Commit[]>()
    for (const { held, written } of all) {
      const ofTopic = commits.get(held.topic)
      if (ofTopic === undefined) commits.set(held.topic, [written.commit])
      else ofTopic.push(written.commit)
    }
    return {
      commits,
      isHeld: all.every(({ held }) => this.get(held.topic, held.partition) === held),
      keep: results => {
        for (const { held, written } of all) if (results.get(held.topic)?.get(held.partition) === 0) held.keep(written)
      }
    }
  }

  /** Lets `auto.offset.reset` decide where there is no position. */
  async resolve(partitions: readonly HeldPartition[], settings: InstanceSettings, deadline: Deadline): Promise<void> {
    const open = Map.groupBy(
      partitions.filter(({ position }) => position === null),
      ({ topic }) => topic
    )
    if (settings.reset === 'none') return
    const { reset } = settings
    await Promise.all(
      Array.from(open, async ([topic, list]) => {
        const from = new Map<number, Start>(
          list.map(({ partition }) => [partition, isNew(settings, topic, partition) ? 'earliest' : reset])
        )
        const starts = await this.#starts(topic, from, settings, deadline)
        for (const held of list) held.start = held.position = starts.get(held.partition) ?? null
      })
    )
  }

  /** Deleted and created anew: nothing that is known of the partition is about the topic of that name now. */
  replace(held: HeldPartition, topicId: Buffer | null): HeldPartition {
    const anew = new HeldPartition(held.topic, held.partition, topicId, NOTHING)
    this.#held.set(keyOf(held.topic, held.partition), anew)
    return anew
  }

  async #loadTopic(
    topic: string,
    numbers: readonly number[],
    stored: PartitionMap<Committed | number>,
    { instance, generation, settings }: Loader,
    deadline: Deadline
  ): Promise<HeldPartition[]> {
    const ofTopic = stored.get(topic)
    const topicId = await this.#topicId(topic, ofTopic, deadline)
    return numbers.map(partition => {
      const told = ofTopic?.get(partition)
      const assignedSince = settings.assignedSince.get(topic)?.get(partition) ?? null
      const reader = { instance, generation, assignedSince }
      this.#note(told, instance)
      const resumed = resume(typeof told === 'object' ? told : undefined, topicKey(topicId), reader)
      return new HeldPartition(topic, partition, topicId, resumed)
    })
  }

  /** The group may have to do with a topic that was made again since this process last asked about it. */
  async #topicId(
    topic: string,
    stored: ReadonlyMap<number, Committed | number> | undefined,
    deadline: Deadline
  ): Promise<Buffer | null> {
    const { metadata } = this.#context
    const known = metadata.peek(topic) ?? (await metadata.topic(topic, deadline))
    const key = topicKey(known?.id ?? null)
    const isOther = Array.from(stored?.values() ?? []).some(told => {
      const of = entryOf(told)?.topic ?? ''
      return of !== '' && of !== key
    })
    return (isOther ? await metadata.refresh(topic, deadline) : known)?.id ?? null
  }

  #note(told: Committed | number | undefined, instance: string): void {
    const delivered = entryOf(told)?.delivered
    if (delivered?.instance === instance) this.newestVersion = Math.max(this.newestVersion, delivered.version)
  }

  /** A topic that is not there, or has no leader, begins when it has. */
  async #starts(
    topic: string,
    from: ReadonlyMap<number, Start>,
    { isolation }: InstanceSettings,
    deadline: Deadline
  ): Promise<ReadonlyMap<number, number>> {
    try {
      return await this.#context.reads.starts(topic, from, isolation, deadline)
    } catch (error) {
      if (!(error instanceof KafkaFailure)) throw error
      const { kind, message } = error
      if (kind === 'refused') throw error
      this.#context.log.debug({ group: this.#group, topic, cause: message }, 'Where to begin is not known yet')
      return new Map()
    }
  }
}

/** Throws INSTANCE_STATE if a partition has no position and none is to be chosen. */
export function requirePositions(partitions: readonly HeldPartition[], { reset }: InstanceSettings): void {
  const unset = partitions.find(({ position }) => position === null)
  if (unset === undefined || reset !== 'none') return
  throw instanceState(
    `Partition ${unset.partition} of topic '${unset.topic}' has no committed offset, and auto.offset.reset is none.`
  )
}

function isNew({ assigned, counts }: InstanceSettings, topic: string, partition: number): boolean {
  return assigned === null && partition >= (counts.get(topic) ?? 0)
}

function keyOf(topic: string, partition: number): string {
  return `${topic}\n${partition}`
}
