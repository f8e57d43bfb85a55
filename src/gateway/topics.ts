import { GatewayError } from '../core/errors.ts'
import type { Call } from '../core/principal.ts'
import type { TopicSpec } from '../core/topic-spec.ts'
import type { BrokerInfo, PartitionBounds, PartitionInfo, PartitionPlacement } from '../core/topology.ts'
import { EARLIEST, LATEST } from '../kafka/admin/list-offsets-message.ts'
import type { OffsetLookup } from '../kafka/admin/list-offsets.ts'
import type { TopicAdmin } from '../kafka/admin/topic-admin.ts'
import type { TopicConfigs } from '../kafka/admin/topic-configs.ts'
import type { MetadataCache } from '../kafka/metadata/metadata-cache.ts'
import type { PartitionMetadata, TopicMetadata } from '../kafka/metadata/topic-metadata.ts'
import type { BrokerNode } from '../kafka/transport/broker-node.ts'
import { isInternalTopic, partitionNotFound, refuseInternal, topicNotFound } from './topic-access.ts'

/** Creates, deletes, lists and describes topics. Always asks Kafka, never a cache, to list or describe. */
export class Topics {
  readonly #metadata: Pick<MetadataCache, 'topic' | 'refresh' | 'everything' | 'cluster'>
  readonly #admin: Pick<TopicAdmin, 'create' | 'delete'>
  readonly #offsets: Pick<OffsetLookup, 'offsetsOf'>
  readonly #configs: Pick<TopicConfigs, 'of'>

  constructor(
    metadata: Pick<MetadataCache, 'topic' | 'refresh' | 'everything' | 'cluster'>,
    admin: Pick<TopicAdmin, 'create' | 'delete'>,
    offsets: Pick<OffsetLookup, 'offsetsOf'>,
    configs: Pick<TopicConfigs, 'of'>
  ) {
    this.#metadata = metadata
    this.#admin = admin
    this.#offsets = offsets
    this.#configs = configs
  }

  async create(call: Call, topic: string, spec: TopicSpec): Promise<void> {
    if (isInternalTopic(topic)) throw new GatewayError('TOPIC_EXISTS', `Topic '${topic}' exists already.`)
    await this.#admin.create(topic, spec, call.deadline)
  }

  async delete(call: Call, topic: string): Promise<void> {
    refuseInternal(topic)
    const metadata = await this.#metadata.topic(topic, call.deadline)
    if (metadata !== null) refuseInternal(topic, metadata)
    await this.#admin.delete(topic, call.deadline)
  }

  /** Returns names sorted by code point, without internal topics. */
  async list(call: Call): Promise<string[]> {
    const { topics } = await this.#metadata.everything(call.deadline)
    const names = [...topics.values()]
      .filter(({ topic }) => !topic.isInternal && !isInternalTopic(topic.name))
      .map(({ topic }) => topic.name)
    // Topic names are ASCII, so the default order is that of code points.
    return names.toSorted()
  }

  async brokers(call: Call): Promise<BrokerInfo[]> {
    const { brokers } = await this.#metadata.cluster(call.deadline)
    return [...brokers.values()].toSorted((one, other) => one.id - other.id)
  }

  async partitions(call: Call, topic: string): Promise<PartitionInfo[]> {
    const { metadata, brokers } = await this.#described(call, topic)
    return this.#describe(call, metadata, metadata.partitions, brokers)
  }

  async partition(call: Call, topic: string, partition: number): Promise<PartitionInfo> {
    const { metadata, brokers } = await this.#described(call, topic)
    const found = only(metadata, partition)
    const [info] = await this.#describe(call, metadata, [found], brokers)
    return info
  }

  async placements(call: Call, topic: string): Promise<readonly PartitionPlacement[]> {
    return (await this.#fresh(call, topic)).partitions
  }

  async placement(call: Call, topic: string, partition: number): Promise<PartitionPlacement> {
    return only(await this.#fresh(call, topic), partition)
  }

  async bounds(call: Call, topic: string, partition: number): Promise<PartitionBounds> {
    const metadata = await this.#fresh(call, topic)
    only(metadata, partition)
    const [earliest, latest] = await Promise.all([
      this.#offsets.offsetsOf(metadata, [partition], EARLIEST, 0, call.deadline),
      this.#offsets.offsetsOf(metadata, [partition], LATEST, 0, call.deadline)
    ])
    const [first, end] = [earliest.get(partition), latest.get(partition)]
    if (first === undefined || end === undefined)
      throw new GatewayError('LEADER_NOT_AVAILABLE', `Partition ${partition} of topic '${topic}' has no leader.`)
    return { earliest: first, highWatermark: end }
  }

  async configs(call: Call, topic: string): Promise<ReadonlyMap<string, string | null>> {
    refuseInternal(topic)
    return this.#configs.of(topic, call.deadline)
  }

  async #fresh(call: Call, topic: string): Promise<TopicMetadata> {
    refuseInternal(topic)
    const metadata = await this.#metadata.refresh(topic, call.deadline)
    if (metadata === null) throw topicNotFound(topic)
    refuseInternal(topic, metadata)
    return metadata
  }

  async #described(call: Call, topic: string) {
    refuseInternal(topic)
    const [metadata, { brokers }] = await Promise.all([
      this.#metadata.refresh(topic, call.deadline),
      this.#metadata.cluster(call.deadline)
    ])
    if (metadata === null) throw topicNotFound(topic)
    return { metadata, brokers }
  }

  async #describe(
    call: Call,
    topic: TopicMetadata,
    partitions: readonly PartitionMetadata[],
    brokers: ReadonlyMap<number, BrokerNode>
  ): Promise<PartitionInfo[]> {
    const numbers = partitions.map(({ partition }) => partition)
    const [earliest, latest] = await Promise.all([
      this.#offsets.offsetsOf(topic, numbers, EARLIEST, 1, call.deadline),
      this.#offsets.offsetsOf(topic, numbers, LATEST, 1, call.deadline)
    ])
    const info = (id: number): BrokerInfo => brokers.get(id) ?? { id, host: null, port: null, rack: null }
    return partitions.map(({ partition, leader, replicas, isr }) => ({
      partition,
      earliestOffset: earliest.get(partition) ?? null,
      latestOffset: latest.get(partition) ?? null,
      leader: leader < 0 ? null : info(leader),
      replicas: replicas.map(info),
      isr: isr.map(info)
    }))
  }
}

function only({ name, partitions }: TopicMetadata, partition: number): PartitionMetadata {
  const found = partitions[partition]
  if (found === undefined) throw partitionNotFound(name, partition, partitions.length)
  return found
}
