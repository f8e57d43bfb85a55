import { readCurrentLeader, readNodeEndpoints, type CurrentLeader } from '../metadata/leader-hints.ts'
import type { BrokerNode } from '../transport/broker-node.ts'
import { WireReader } from '../wire/wire-reader.ts'
import { WireWriter } from '../wire/wire-writer.ts'

export const PRODUCE = 0
/** Kafka 2.4 offers up to 8, 4.1 and later up to 13. */
export const PRODUCE_MIN_VERSION = 3
export const PRODUCE_MAX_VERSION = 13
/** From here on lengths are compact and fields can be tagged (KIP-482). */
export const PRODUCE_FLEXIBLE_SINCE = 9
/** From here on a topic is named by its id (KIP-516): a re-created topic is told from its predecessor. */
export const PRODUCE_TOPIC_IDS_SINCE = 13

const ALL_IN_SYNC_REPLICAS = -1
/** Tag of the field `CurrentLeader` in a partition's answer. */
const CURRENT_LEADER = 0

export interface ProducePartition {
  readonly partition: number
  /** One record batch. */
  readonly records: Buffer
}

export interface ProduceTopic {
  readonly name: string
  /** Needed from version 13 on. */
  readonly id: Buffer | null
  readonly partitions: readonly ProducePartition[]
}

export interface ProduceResult {
  /** Name before version 13, else the id in hex. */
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  /** −1 with most errors. */
  readonly baseOffset: number
  /** Records at fault with Kafka's reason, by position in the batch (KIP-467, version 8 on). */
  readonly recordErrors: ReadonlyMap<number, string | null> | undefined
  readonly message: string | null
  /** Who leads the partition, as a broker says that does not (KIP-951, version 10 on). */
  readonly currentLeader: CurrentLeader | undefined
}

export interface ProduceAnswer {
  readonly results: readonly ProduceResult[]
  readonly throttleTimeMs: number
  /** Addresses of the brokers that the results name as leaders (KIP-951, version 10 on). */
  readonly nodes: readonly BrokerNode[]
}

/**
 * The body of a Produce request with acks=all and no transaction, in pieces: the batches are not copied.
 * @see https://kafka.apache.org/protocol#The_Messages_Produce
 */
export function writeProduceRequest(version: number, timeoutMs: number, topics: readonly ProduceTopic[]): Buffer[] {
  const writer = new WireWriter(version >= PRODUCE_FLEXIBLE_SINCE)
  writer.string(null).int16(ALL_IN_SYNC_REPLICAS).int32(timeoutMs).arrayLength(topics.length)
  for (const topic of topics) {
    if (version < PRODUCE_TOPIC_IDS_SINCE) writer.string(topic.name)
    else if (topic.id !== null) writer.raw(topic.id)
    else throw new TypeError(`Produce ${version} needs the id of topic ${topic.name}`)
    writer.arrayLength(topic.partitions.length)
    for (const { partition, records } of topic.partitions) writer.int32(partition).reference(records).noTags()
    writer.noTags()
  }
  return writer.noTags().finishParts()
}

export function parseProduceResponse(version: number, response: Buffer): ProduceAnswer {
  const reader = new WireReader(response, version >= PRODUCE_FLEXIBLE_SINCE)
  const results: ProduceResult[] = []
  for (let topics = reader.arrayLength(); topics > 0; topics--) {
    const topic = version >= PRODUCE_TOPIC_IDS_SINCE ? reader.slice(16).toString('hex') : (reader.string() ?? '')
    for (let partitions = reader.arrayLength(); partitions > 0; partitions--) {
      results.push(parsePartition(reader, version, topic))
    }
    reader.skipTags()
  }
  return { results, throttleTimeMs: reader.int32(), nodes: readNodeEndpoints(reader) }
}

function parsePartition(reader: WireReader, version: number, topic: string): ProduceResult {
  const partition = reader.int32()
  const errorCode = reader.int16()
  const baseOffset = reader.int64()
  reader.int64() // append time
  if (version >= 5) reader.int64() // log start offset
  let recordErrors: Map<number, string | null> | undefined
  let message: string | null = null
  if (version >= 8) {
    for (let errors = reader.arrayLength(); errors > 0; errors--) {
      recordErrors ??= new Map()
      recordErrors.set(reader.int32(), reader.string())
      reader.skipTags()
    }
    message = reader.string()
  }
  let currentLeader: CurrentLeader | undefined
  if (errorCode === 0) reader.skipTags()
  else currentLeader = readCurrentLeader(reader, CURRENT_LEADER)
  return { topic, partition, errorCode, baseOffset, recordErrors, message, currentLeader }
}
