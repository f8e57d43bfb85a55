import { readCurrentLeader, readNodeEndpoints, type CurrentLeader } from '../metadata/leader-hints.ts'
import type { AbortedTransaction } from '../records/aborted-filter.ts'
import type { BrokerNode } from '../transport/broker-node.ts'
import { WireReader } from '../wire/wire-reader.ts'
import { WireWriter } from '../wire/wire-writer.ts'
import type { Isolation } from './read-request.ts'

export const FETCH = 1
/** Kafka 2.4 offers up to 11, 4.1 and later up to 17 and 18. */
export const FETCH_MIN_VERSION = 4
export const FETCH_MAX_VERSION = 17
export const FETCH_FLEXIBLE_SINCE = 12
/** From here on a topic is named by its id (KIP-516). */
export const FETCH_TOPIC_IDS_SINCE = 13
/** Up to here a request carries no rack, and the leader answers it itself (KIP-392). */
export const FETCH_LEADER_ONLY_UNTIL = 10

const CONSUMER = -1
const READ_UNCOMMITTED = 0
const READ_COMMITTED = 1
/** Of the tagged field `CurrentLeader` in a partition's answer. */
const CURRENT_LEADER = 1
const NO_SESSION = 0
/** Sessionless (KIP-227): the broker keeps nothing between requests. */
const FINAL_EPOCH = -1

export interface FetchPartition {
  readonly topic: string
  /** Needed from version 13 on. */
  readonly topicId: Buffer | null
  readonly partition: number
  readonly leaderEpoch: number
  readonly offset: number
  readonly maxBytes: number
  /** The same for all partitions of a request. */
  readonly isolation: Isolation
}

export interface FetchResult {
  /** Name before version 13, else the id. */
  readonly topic: string | Buffer
  readonly partition: number
  readonly errorCode: number
  /** −1 with an error. */
  readonly highWatermark: number
  /** −1 with an error. */
  readonly lastStableOffset: number
  /** Where the log begins; −1 with an error, and before version 5. */
  readonly startOffset: number
  readonly aborted: readonly AbortedTransaction[]
  /** The broker whose replica is to be read instead (KIP-392): this answer then holds no records. −1 for none. */
  readonly preferredReadReplica: number
  /** Who leads the partition, as a broker says that does not (KIP-951, from version 16 on). */
  readonly currentLeader?: CurrentLeader
  /** Addresses of the leaders that the answer names; set together with the leader. */
  readonly nodes?: readonly BrokerNode[]
  /** Record batches, the last one possibly cut off; a view of the answer. */
  readonly records: Buffer
}

export interface FetchAnswer {
  /** Above 0 where a quota is used up; Kafka then leaves all partitions out (KIP-219). */
  readonly throttleTimeMs: number
  /** Of the whole request. */
  readonly errorCode: number
  readonly results: readonly FetchResult[]
}

/** How long a broker may wait until it has so many bytes. */
export interface FetchWait {
  readonly waitMs: number
  readonly minBytes: number
}

const NO_WAIT: FetchWait = { waitMs: 0, minBytes: 0 }

/**
 * Asks for records, each partition once.
 * @see https://kafka.apache.org/protocol#The_Messages_Fetch
 */
export function writeFetchRequest(
  version: number,
  partitions: readonly FetchPartition[],
  { waitMs, minBytes } = NO_WAIT
): Buffer {
  const writer = new WireWriter(version >= FETCH_FLEXIBLE_SINCE, 64 + partitions.length * 96)
  const totalBytes = partitions.reduce((sum, { maxBytes }) => sum + maxBytes, 0)
  if (version <= 14) writer.int32(CONSUMER)
  const isolation = partitions[0].isolation === 'committed' ? READ_COMMITTED : READ_UNCOMMITTED
  writer.int32(waitMs).int32(minBytes).int32(totalBytes).int8(isolation)
  if (version >= 7) writer.int32(NO_SESSION).int32(FINAL_EPOCH)
  const byTopic = Map.groupBy(partitions, ({ topic }) => topic)
  writer.arrayLength(byTopic.size)
  for (const [topic, group] of byTopic) {
    if (version < FETCH_TOPIC_IDS_SINCE) writer.string(topic)
    else writer.raw(group[0].topicId ?? Buffer.alloc(16))
    writer.arrayLength(group.length)
    for (const each of group) writePartition(writer, version, each)
    writer.noTags()
  }
  if (version >= 7) writer.arrayLength(0) // forgotten topics
  if (version >= 11) writer.string('') // rack
  return writer.noTags().finish()
}

function writePartition(
  writer: WireWriter,
  version: number,
  { partition, leaderEpoch, offset, maxBytes }: FetchPartition
): void {
  writer.int32(partition)
  if (version >= 9) writer.int32(leaderEpoch)
  writer.int64(BigInt(offset))
  if (version >= 12) writer.int32(-1) // last fetched epoch
  if (version >= 5) writer.int64(-1n) // log start offset: a follower's
  writer.int32(maxBytes).noTags()
}

export function parseFetchResponse(version: number, response: Buffer): FetchAnswer {
  const reader = new WireReader(response, version >= FETCH_FLEXIBLE_SINCE)
  const throttleTimeMs = reader.int32()
  const errorCode = version >= 7 ? reader.int16() : 0
  if (version >= 7) reader.int32() // session
  const results: (FetchResult & { nodes?: readonly BrokerNode[] })[] = []
  for (let topics = reader.arrayLength(); topics > 0; topics--) {
    const topic = version >= FETCH_TOPIC_IDS_SINCE ? reader.slice(16) : (reader.string() ?? '')
    for (let partitions = reader.arrayLength(); partitions > 0; partitions--)
      results.push(parsePartition(reader, version, topic))
    reader.skipTags()
  }
  const nodes = readNodeEndpoints(reader)
  for (const result of results) if (result.currentLeader !== undefined) result.nodes = nodes
  return { throttleTimeMs, errorCode, results }
}

const NOTHING = Buffer.alloc(0)

function parsePartition(reader: WireReader, version: number, topic: string | Buffer): FetchResult {
  const partition = reader.int32()
  const errorCode = reader.int16()
  const highWatermark = reader.int64()
  const lastStableOffset = reader.int64()
  const startOffset = version >= 5 ? reader.int64() : -1
  const aborted: AbortedTransaction[] = []
  for (let count = reader.arrayLength(); count > 0; count--) {
    aborted.push({ producerId: reader.bigint64(), firstOffset: reader.int64() })
    reader.skipTags()
  }
  const preferredReadReplica = version >= 11 ? reader.int32() : -1
  const records = reader.bytes() ?? NOTHING
  const result = {
    topic,
    partition,
    errorCode,
    highWatermark,
    lastStableOffset,
    startOffset,
    aborted,
    preferredReadReplica,
    records
  }
  if (errorCode === 0) {
    reader.skipTags()
    return result
  }
  const currentLeader = readCurrentLeader(reader, CURRENT_LEADER)
  return currentLeader === undefined ? result : { ...result, currentLeader }
}
