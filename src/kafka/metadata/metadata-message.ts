import type { BrokerChannel } from '../transport/broker-channel.ts'
import { exchange, type Api } from '../transport/exchange.ts'
import { TransportError } from '../transport/transport-error.ts'
import type { WireReader } from '../wire/wire-reader.ts'
import type { WireWriter } from '../wire/wire-writer.ts'
import type { BrokerNode, PartitionMetadata, TopicMetadata } from './topic-metadata.ts'

export const METADATA: Api = { key: 3, min: 4, max: 12, flexibleSince: 9 }
const NO_ID = Buffer.alloc(16)

export interface MetadataAnswer {
  /** Never empty. */
  readonly brokers: ReadonlyMap<number, BrokerNode>
  readonly clusterId: string | null
  /** −1 where there is none; in KRaft a broker that passes requests on to it. */
  readonly controllerId: number
  readonly topics: ReadonlyMap<string, { readonly errorCode: number; readonly topic: TopicMetadata }>
}

/**
 * Asks one broker for all topics (null), none (an empty list) or those named. Never creates one. Rejects with a
 * TransportError if the answer names no brokers: a broker that starts knows neither brokers nor topics (KAFKA-7924).
 * @see https://kafka.apache.org/protocol#The_Messages_Metadata
 */
export async function askMetadata(channel: BrokerChannel, topics: readonly string[] | null): Promise<MetadataAnswer> {
  const write = (writer: WireWriter, version: number) => writeRequest(writer, version, topics)
  const answer = await exchange(channel, METADATA, write, readAnswer)
  if (answer.brokers.size > 0) return answer
  throw new TransportError(`Broker ${channel.host}:${channel.port} is starting: it knows no brokers yet`, true)
}

function writeRequest(writer: WireWriter, version: number, topics: readonly string[] | null): void {
  writer.arrayLength(topics === null ? -1 : topics.length)
  for (const name of topics ?? []) {
    if (version >= 10) writer.raw(NO_ID)
    writer.string(name).noTags()
  }
  writer.int8(0) // allow_auto_topic_creation
  if (version >= 8 && version <= 10) writer.int8(0)
  if (version >= 8) writer.int8(0)
  writer.noTags()
}

function readAnswer(reader: WireReader, version: number): MetadataAnswer {
  reader.int32() // throttle time
  const brokers = new Map<number, BrokerNode>()
  for (let count = reader.arrayLength(); count > 0; count--) {
    const broker = { id: reader.int32(), host: reader.string() ?? '', port: reader.int32(), rack: reader.string() }
    reader.skipTags()
    brokers.set(broker.id, broker)
  }
  const clusterId = reader.string()
  const controllerId = reader.int32()
  const topics = new Map<string, { errorCode: number; topic: TopicMetadata }>()
  for (let count = reader.arrayLength(); count > 0; count--) {
    const { errorCode, topic } = readTopic(reader, version)
    topics.set(topic.name, { errorCode, topic })
  }
  return { brokers, clusterId, controllerId, topics }
}

function readTopic(reader: WireReader, version: number): { errorCode: number; topic: TopicMetadata } {
  const errorCode = reader.int16()
  const name = reader.string() ?? ''
  const id = version >= 10 ? Buffer.from(reader.slice(16)) : NO_ID
  const isInternal = reader.int8() !== 0
  const partitions: PartitionMetadata[] = []
  for (let count = reader.arrayLength(); count > 0; count--) {
    const partition = readPartition(reader, version)
    partitions[partition.partition] = partition
  }
  if (version >= 8) reader.int32() // authorized operations
  reader.skipTags()
  return { errorCode, topic: { name, id: id.equals(NO_ID) ? null : id, isInternal, partitions } }
}

function readPartition(reader: WireReader, version: number): PartitionMetadata {
  reader.int16() // an error here says what the missing leader says too
  const partition = reader.int32()
  const leader = reader.int32()
  const leaderEpoch = version >= 7 ? reader.int32() : -1
  const replicas = readIds(reader)
  const isr = readIds(reader)
  if (version >= 5) readIds(reader) // offline replicas
  reader.skipTags()
  return { partition, leader, leaderEpoch, replicas, isr }
}

function readIds(reader: WireReader): number[] {
  return Array.from({ length: Math.max(0, reader.arrayLength()) }, () => reader.int32())
}
