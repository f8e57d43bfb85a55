import type { Deadline } from '../../core/deadline.ts'
import { type ErrorCode, GatewayError } from '../../core/errors.ts'
import type { Start } from '../../kafka/fetch/starts.ts'
import type { TopicPartitions } from '../../kafka/groups/consumer-protocol.ts'
import type { Commit, Committed, PartitionMap } from '../../kafka/groups/offset-messages.ts'
import { kafkaErrorName } from '../../kafka/kafka-errors.ts'
import { partitionNotFound, refuseInternal, topicNotFound } from '../topic-access.ts'
import type { InstancesContext } from './context.ts'
import { groupBusy, invalidInstance, notAssigned } from './failures.ts'
import type { HeldPartition } from './held-partition.ts'
import type { Instance } from './instance.ts'
import { ENTRY_CHARACTERS, fits, METADATA_CHARACTERS, readMetadata, writeMetadata } from './position-entry.ts'

export interface OffsetToCommit {
  readonly topic: string
  readonly partition: number
  /** As the client names it: in Confluent's dialect that of the last record it has done with, else of the next one. */
  readonly offset: number
  readonly metadata: string
}

export interface CommittedOffset extends OffsetToCommit {}

export interface SoughtPlace {
  readonly topic: string
  readonly partition: number
  readonly to: Start
}

/** What an instance commits, and where it reads. */
export class Offsets {
  readonly #context: InstancesContext

  constructor(context: InstancesContext) {
    this.#context = context
  }

  /** Commits exactly what was delivered. */
  async commitDelivered(instance: Instance, deadline: Deadline): Promise<void> {
    await requireReady(instance, deadline)
    const held = instance.positions.all.filter(each => each.isOwn)
    for (const each of held) each.commitDelivered()
    requireAll(await instance.write(held, deadline), held)
  }

  /**
   * Commits what the client names. Partitions need not be the instance's own. Kafka commits those that it can: the error names
   * the first that it cannot.
   */
  async commit(instance: Instance, offsets: readonly OffsetToCommit[], deadline: Deadline): Promise<void> {
    await requireReady(instance, deadline)
    const { dialect } = instance.settings
    const next = dialect === 'confluent' ? 1 : 0
    for (const { topic, partition, metadata } of offsets) {
      refuseInternal(topic)
      if (fits(metadata)) continue
      throw invalidInstance(
        `metadata of partition ${partition} of topic '${topic}' is longer than ${METADATA_CHARACTERS - ENTRY_CHARACTERS} characters.`
      )
    }
    await this.#requireTopics(offsets, deadline)
    const own = new Map<HeldPartition, () => void>()
    const others: OffsetToCommit[] = []
    for (const each of offsets) {
      const held = instance.positions.get(each.topic, each.partition)
      if (held === undefined) others.push(each)
      else {
        own.set(held, held.setCommitted(each.offset + next, each.metadata, -1))
      }
    }
    const results = await instance.write(own.keys(), deadline)
    for (const [{ topic, partition }, takeBack] of own) if (results.get(topic)?.get(partition) !== 0) takeBack()
    requireAll(results, own.keys())
    if (others.length > 0) requireAll(await this.#commitOthers(instance, others, next, deadline), others)
  }

  /** Leaves out what nobody committed. */
  async committed(instance: Instance, partitions: TopicPartitions, deadline: Deadline): Promise<CommittedOffset[]> {
    const stored = await this.#context.groups.committed(instance.group, partitions, deadline)
    const found: CommittedOffset[] = []
    for (const [topic, numbers] of partitions)
      for (const partition of new Set(numbers)) {
        const told = stored.get(topic)?.get(partition)
        if (typeof told !== 'object' || told.offset < 0) continue
        found.push({ topic, partition, offset: told.offset, metadata: readMetadata(told.metadata).metadata })
      }
    return found
  }

  /** Goes on elsewhere, all or nothing. Throws NOT_ASSIGNED for a partition that is not the instance's own. */
  async seek(instance: Instance, places: readonly SoughtPlace[], deadline: Deadline): Promise<void> {
    await requireReady(instance, deadline)
    const held = places.map(({ topic, partition }) => {
      const found = instance.positions.get(topic, partition)
      if (found === undefined) throw notAssigned(topic, partition)
      return found
    })
    const offsets = await this.#resolve(instance, places, deadline)
    held.forEach((each, index) => each.seek(offsets[index]))
    instance.waiting.changed()
    requireAll(await instance.write(held, deadline), held)
  }

  /** A number is taken as it is: the next poll finds out whether it is there. */
  async #resolve(instance: Instance, places: readonly SoughtPlace[], deadline: Deadline): Promise<number[]> {
    const { reads } = this.#context
    const asked = Map.groupBy(
      places.filter(({ to }) => typeof to !== 'number'),
      ({ topic }) => topic
    )
    const found = new Map<string, ReadonlyMap<number, number>>()
    for (const [topic, list] of asked) {
      const from = new Map(list.map(({ partition, to }) => [partition, to]))
      found.set(topic, await reads.starts(topic, from, instance.settings.isolation, deadline))
    }
    return places.map(({ topic, partition, to }) => {
      const offset = typeof to === 'number' ? to : found.get(topic)?.get(partition)
      if (offset !== undefined) return offset
      throw new GatewayError('LEADER_NOT_AVAILABLE', `Partition ${partition} of topic '${topic}' has no leader.`)
    })
  }

  /** Kafka takes offsets of partitions that do not exist. */
  async #requireTopics(offsets: readonly OffsetToCommit[], deadline: Deadline): Promise<void> {
    const { metadata } = this.#context
    for (const { topic, partition } of offsets) {
      let known = metadata.peek(topic) ?? (await metadata.topic(topic, deadline))
      if (known?.partitions[partition] === undefined) known = await metadata.refresh(topic, deadline)
      if (known === null) throw topicNotFound(topic)
      if (known.partitions[partition] === undefined) throw partitionNotFound(topic, partition, known.partitions.length)
    }
  }

  /** Whoever reads them keeps the position that it wrote down. */
  async #commitOthers(instance: Instance, offsets: readonly OffsetToCommit[], next: number, deadline: Deadline) {
    const wanted = new Map<string, number[]>()
    for (const { topic, partition } of offsets) wanted.set(topic, [...(wanted.get(topic) ?? []), partition])
    const stored = await this.#context.groups.committed(instance.group, wanted, deadline)
    const commits = new Map<string, Commit[]>()
    for (const { topic, partition, offset, metadata } of offsets) {
      const { entry } = readMetadata(textOf(stored, topic, partition))
      const text = writeMetadata({ metadata, entry: entry === null ? null : { ...entry, start: null } })
      const commit = { partition, offset: offset + next, leaderEpoch: -1, metadata: text }
      commits.set(topic, [...(commits.get(topic) ?? []), commit])
    }
    return instance.member.commit(commits, deadline)
  }
}

/** Throws GROUP_BUSY if the instance does not have its partitions by the deadline. */
export async function requireReady(instance: Instance, deadline: Deadline): Promise<void> {
  if (!(await instance.ready(deadline))) throw groupBusy(instance.group)
}

function textOf(stored: PartitionMap<Committed | number>, topic: string, partition: number): string {
  const told = stored.get(topic)?.get(partition)
  return typeof told === 'object' ? told.metadata : ''
}

/** Throws for the first of these that Kafka did not commit. */
function requireAll(results: PartitionMap<number>, wanted: Iterable<{ topic: string; partition: number }>): void {
  for (const { topic, partition } of wanted) {
    const errorCode = results.get(topic)?.get(partition) ?? 0
    if (errorCode === 0) continue
    const message = `Kafka did not commit partition ${partition} of topic '${topic}'.`
    const code = COMMIT_ERRORS.get(errorCode) ?? 'KAFKA_UNAVAILABLE'
    throw new GatewayError(code, message, { detail: kafkaErrorName(errorCode) })
  }
}

const COMMIT_ERRORS: ReadonlyMap<number, ErrorCode> = new Map([
  [3, 'TOPIC_NOT_FOUND'],
  [12, 'INVALID_INSTANCE'],
  [29, 'KAFKA_REFUSED'],
  [30, 'KAFKA_REFUSED']
])
