import { ownBytes } from '../../core/lib/own-bytes.ts'
import { NO_UUID } from '../messages/message.ts'
import { metadata, type MetadataResponse, type MetadataResponseTopic } from '../messages/metadata.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import type { BrokerNode } from '../transport/broker-node.ts'
import { exchange } from '../transport/exchange.ts'
import { TransportError } from '../transport/transport-error.ts'
import type { PartitionMetadata, TopicMetadata } from './topic-metadata.ts'

/** Before version 4 a request could create topics. From 13 on an empty list of brokers has a meaning (KIP-1102). */
export const METADATA = { ...metadata, min: 4, max: 12 }

export interface MetadataAnswer {
  /** Never empty. */
  readonly brokers: ReadonlyMap<number, BrokerNode>
  readonly clusterId: string | null
  /** −1 if there is none. With KRaft it is a broker that forwards requests to the controller. */
  readonly controllerId: number
  readonly topics: ReadonlyMap<string, { readonly errorCode: number; readonly topic: TopicMetadata }>
}

/**
 * Asks one broker about all topics (null), none (an empty list) or those named. Never creates one. Rejects with a
 * TransportError if the answer names no brokers: a starting broker knows neither brokers nor topics (KAFKA-7924).
 */
export async function askMetadata(channel: BrokerChannel, names: readonly string[] | null): Promise<MetadataAnswer> {
  const topics = names?.map(name => ({ name })) ?? null
  const answer = await exchange(channel, METADATA, { topics, allowAutoTopicCreation: false })
  if (answer.brokers.length > 0) return answerOf(answer)
  throw new TransportError(`Broker ${channel.host}:${channel.port} is starting: it knows no brokers yet`, true)
}

function answerOf({ brokers, clusterId, controllerId, topics }: MetadataResponse): MetadataAnswer {
  const nodes = brokers.map(({ nodeId: id, host, port, rack }) => ({ id, host, port, rack }))
  return {
    brokers: new Map(nodes.map(node => [node.id, node])),
    clusterId,
    controllerId,
    topics: new Map(topics.map(topic => [topic.name ?? '', { errorCode: topic.errorCode, topic: topicOf(topic) }]))
  }
}

function topicOf({ name, topicId, isInternal, partitions }: MetadataResponseTopic): TopicMetadata {
  const byNumber: PartitionMetadata[] = []
  // The error code of a partition says no more than its missing leader.
  for (const { partitionIndex: partition, leaderId: leader, leaderEpoch, replicaNodes, isrNodes } of partitions)
    byNumber[partition] = { partition, leader, leaderEpoch, replicas: replicaNodes, isr: isrNodes }
  return { name: name ?? '', id: topicId.equals(NO_UUID) ? null : ownBytes(topicId), isInternal, partitions: byNumber }
}
