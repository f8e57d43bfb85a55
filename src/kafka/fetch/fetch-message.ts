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
/** Fetch sessions (KIP-227) exist from here on. */
export const FETCH_SESSIONS_SINCE = 7

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
  /** Above 0 if a quota is used up; Kafka then leaves all partitions out (KIP-219). */
  readonly throttleTimeMs: number
  /** The session that the broker keeps; 0 if it keeps none. */
  readonly sessionId: number
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

/** A request's place in a fetch session (KIP-227). */
export interface FetchSessionStep {
  /** 0 in the request that begins a session. */
  readonly id: number
  /** 0 in the request that begins a session, then from 1 on; −1 without a session. */
  readonly epoch: number
}

/** The broker keeps nothing between requests. */
export const NO_SESSION: FetchSessionStep = { id: 0, epoch: -1 }

export type ForgottenPartition = Pick<FetchPartition, 'topic' | 'topicId' | 'partition'>

/** What holds for a request as a whole. */
export interface FetchTerms extends FetchWait {
  readonly isolation: Isolation
  /** Of all partitions together; one whole batch comes even if it is larger (KIP-74). */
  readonly maxBytes: number
  readonly session: FetchSessionStep
  /** Leave the session. */
  readonly forgotten: readonly ForgottenPartition[]
}

/** Asks for records without a session, each partition once. */
export function writeFetchRequest(
  version: number,
  partitions: readonly FetchPartition[],
  { waitMs, minBytes } = NO_WAIT
): Buffer {
  const maxBytes = partitions.reduce((sum, partition) => sum + partition.maxBytes, 0)
  const [{ isolation }] = partitions
  return writeFetch(version, partitions, { waitMs, minBytes, isolation, maxBytes, session: NO_SESSION, forgotten: [] })
}

/**
 * Asks for records of the partitions named, and of those that the session has already.
 * @see https://kafka.apache.org/protocol#The_Messages_Fetch
 */
export function writeFetch(version: number, partitions: readonly FetchPartition[], terms: FetchTerms): Buffer {
  const { waitMs, minBytes, isolation, maxBytes, session, forgotten } = terms
  const writer = new WireWriter(version >= FETCH_FLEXIBLE_SINCE, 64 + (partitions.length + forgotten.length) * 96)
  if (version <= 14) writer.int32(CONSUMER)
  writer.int32(waitMs).int32(minBytes).int32(maxBytes)
  writer.int8(isolation === 'committed' ? READ_COMMITTED : READ_UNCOMMITTED)
  if (version >= FETCH_SESSIONS_SINCE) writer.int32(session.id).int32(session.epoch)
  writeByTopic(writer, version, partitions, each => writePartition(writer, version, each))
  if (version >= FETCH_SESSIONS_SINCE)
    writeByTopic(writer, version, forgotten, ({ partition }) => writer.int32(partition))
  if (version >= 11) writer.string('') // rack
  return writer.noTags().finish()
}

function writeByTopic<T extends ForgottenPartition>(
  writer: WireWriter,
  version: number,
  partitions: readonly T[],
  write: (partition: T) => void
): void {
  const byTopic = groupedByTopic(partitions)
  writer.arrayLength(byTopic.length)
  for (const group of byTopic) {
    const [{ topic, topicId }] = group
    if (version < FETCH_TOPIC_IDS_SINCE) writer.string(topic)
    else writer.raw(topicId ?? Buffer.alloc(16))
    writer.arrayLength(group.length)
    for (const each of group) write(each)
    writer.noTags()
  }
}

/** A topic that was created again is another one: a session forgets the old one by its id. */
function groupedByTopic<T extends ForgottenPartition>(partitions: readonly T[]): T[][] {
  const groups: T[][] = []
  const byName = new Map<string, T[]>()
  for (const each of partitions) {
    const known = byName.get(each.topic)
    if (known !== undefined && sameId(known[0].topicId, each.topicId)) known.push(each)
    else {
      const group = [each]
      byName.set(each.topic, group)
      groups.push(group)
    }
  }
  return groups
}

function sameId(one: Buffer | null, other: Buffer | null): boolean {
  return one === other || (one !== null && other !== null && one.equals(other))
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
  const errorCode = version >= FETCH_SESSIONS_SINCE ? reader.int16() : 0
  const sessionId = version >= FETCH_SESSIONS_SINCE ? reader.int32() : 0
  const results: (FetchResult & { nodes?: readonly BrokerNode[] })[] = []
  for (let topics = reader.arrayLength(); topics > 0; topics--) {
    const topic = version >= FETCH_TOPIC_IDS_SINCE ? reader.slice(16) : (reader.string() ?? '')
    for (let partitions = reader.arrayLength(); partitions > 0; partitions--)
      results.push(parsePartition(reader, version, topic))
    reader.skipTags()
  }
  const nodes = readNodeEndpoints(reader)
  for (const result of results) if (result.currentLeader !== undefined) result.nodes = nodes
  return { throttleTimeMs, sessionId, errorCode, results }
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
