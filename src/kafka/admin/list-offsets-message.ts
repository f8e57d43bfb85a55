import type { BrokerChannel } from '../transport/broker-channel.ts'
import { exchange, type Api } from '../transport/exchange.ts'

export const LIST_OFFSETS: Api = { key: 2, min: 2, max: 8, flexibleSince: 6 }
const CONSUMER = -1

/** READ_UNCOMMITTED sees the end of the log, READ_COMMITTED the last stable offset. */
export type Isolation = 0 | 1
export const EARLIEST = -2n
export const LATEST = -1n
/** Where the part of the log begins that is on the broker's own disks (KIP-405). */
export const EARLIEST_LOCAL = -4n
/** Before this version Kafka has no tiered storage: the whole log is local. */
const EARLIEST_LOCAL_SINCE = 8

export interface OffsetQuery {
  readonly partition: number
  readonly leaderEpoch: number
}

export interface OffsetAnswer {
  readonly partition: number
  readonly errorCode: number
  readonly offset: number
}

/**
 * Asks the leader of some partitions of one topic.
 * @see https://kafka.apache.org/protocol#The_Messages_ListOffsets
 */
export function askOffsets(
  channel: BrokerChannel,
  topic: string,
  queries: readonly OffsetQuery[],
  timestamp: bigint,
  isolation: Isolation
): Promise<OffsetAnswer[]> {
  return exchange(
    channel,
    LIST_OFFSETS,
    (writer, version) => {
      const known = timestamp !== EARLIEST_LOCAL || version >= EARLIEST_LOCAL_SINCE
      const understood = known ? timestamp : EARLIEST
      writer.int32(CONSUMER).int8(isolation).arrayLength(1).string(topic).arrayLength(queries.length)
      for (const { partition, leaderEpoch } of queries) {
        writer.int32(partition)
        if (version >= 4) writer.int32(leaderEpoch)
        writer.int64(understood).noTags()
      }
      writer.noTags().noTags()
    },
    (reader, version) => {
      const answers: OffsetAnswer[] = []
      reader.int32() // throttle time
      for (let topics = reader.arrayLength(); topics > 0; topics--) {
        reader.string()
        for (let partitions = reader.arrayLength(); partitions > 0; partitions--) {
          const partition = reader.int32()
          const errorCode = reader.int16()
          reader.int64() // timestamp
          const offset = reader.int64()
          if (version >= 4) reader.int32() // leader epoch
          reader.skipTags()
          answers.push({ partition, errorCode, offset })
        }
        reader.skipTags()
      }
      return answers
    }
  )
}
