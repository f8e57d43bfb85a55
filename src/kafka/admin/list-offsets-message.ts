import { listOffsets, type ListOffsetsRequest, type ListOffsetsResponse } from '../messages/list-offsets.ts'
import type { Message } from '../messages/message.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import { exchange } from '../transport/exchange.ts'

const CONSUMER = -1

/** READ_UNCOMMITTED sees the end of the log, READ_COMMITTED the last stable offset. */
export type Isolation = 0 | 1
export const EARLIEST = -2n
export const LATEST = -1n
/** Where the part of the log begins that is on the broker's own disks (KIP-405). */
export const EARLIEST_LOCAL = -4n
/** Before this version Kafka has no tiered storage: the whole log is local. */
const EARLIEST_LOCAL_SINCE = 8

/** From version 2 on with an isolation level and one offset a partition, from 10 on with a time limit (KIP-1075). */
export const LIST_OFFSETS = { ...listOffsets, min: 2, max: 10 }

/** Asks older brokers for the start of the whole log: it is where their local part begins. */
const LIST_LOCAL_OFFSETS: Message<ListOffsetsRequest, ListOffsetsResponse> = {
  ...LIST_OFFSETS,
  write: (writer, version, request) =>
    listOffsets.write(writer, version, version >= EARLIEST_LOCAL_SINCE ? request : withTimestamp(request, EARLIEST))
}

function withTimestamp(request: ListOffsetsRequest, timestamp: bigint): ListOffsetsRequest {
  const topics = request.topics.map(topic => ({
    ...topic,
    partitions: topic.partitions.map(partition => ({ ...partition, timestamp }))
  }))
  return { ...request, topics }
}

export interface OffsetQuery {
  readonly partition: number
  readonly leaderEpoch: number
}

export interface OffsetAnswer {
  readonly partition: number
  readonly errorCode: number
  readonly offset: number
}

/** Asks the leader of some partitions of one topic. An index in remote storage may take its time: up to `timeoutMs`. */
export async function askOffsets(
  channel: BrokerChannel,
  topic: string,
  queries: readonly OffsetQuery[],
  timestamp: bigint,
  isolation: Isolation,
  timeoutMs: number
): Promise<OffsetAnswer[]> {
  const partitions = queries.map(({ partition, leaderEpoch }) => ({
    partitionIndex: partition,
    currentLeaderEpoch: leaderEpoch,
    timestamp
  }))
  const { topics } = await exchange(channel, timestamp === EARLIEST_LOCAL ? LIST_LOCAL_OFFSETS : LIST_OFFSETS, {
    replicaId: CONSUMER,
    isolationLevel: isolation,
    timeoutMs,
    topics: [{ name: topic, partitions }]
  })
  return topics.flatMap(each =>
    each.partitions.map(({ partitionIndex, errorCode, offset }) => ({
      partition: partitionIndex,
      errorCode,
      offset: Number(offset)
    }))
  )
}
