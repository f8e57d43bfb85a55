import { UNSTABLE_OFFSET_COMMIT } from '../kafka-errors.ts'
import { offsetCommit } from '../messages/offset-commit.ts'
import { offsetFetch, type OffsetFetchResponsePartition } from '../messages/offset-fetch.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import { exchange } from '../transport/exchange.ts'
import type { TopicPartitions } from './consumer-protocol.ts'
import type { MemberOfGeneration } from './membership-messages.ts'

/** Instance ids from 7 on; from 10 on topics are named by their ids. */
const OFFSET_COMMIT = { ...offsetCommit, min: 7, max: 9 }
/** Leader epochs from 5 on (KIP-320); from 10 on topics are named by their ids. */
const OFFSET_FETCH = { ...offsetFetch, min: 5, max: 9 }
const STABLE_SINCE = 7
const GROUPS_SINCE = 8

export interface Committed {
  /** −1: nothing is committed, though there may be metadata. */
  readonly offset: number
  /** −1 if not known. */
  readonly leaderEpoch: number
  /** At most `offset.metadata.max.bytes` characters, 4096 by default. */
  readonly metadata: string
}

export interface Commit extends Committed {
  readonly partition: number
}

/** By topic and partition. */
export type PartitionMap<T> = ReadonlyMap<string, ReadonlyMap<number, T>>

/** An error code stands in place of what Kafka does not tell. */
export interface OffsetsAnswer {
  readonly errorCode: number
  readonly offsets: PartitionMap<Committed | number>
}

/**
 * Fetches what a group committed for these partitions, or for all if null. The error code is UNSTABLE_OFFSET_COMMIT while
 * an open transaction may yet change one of them (KIP-447).
 */
export async function askCommitted(
  channel: BrokerChannel,
  group: string,
  partitions: TopicPartitions | null
): Promise<OffsetsAnswer> {
  const { key, min, max } = OFFSET_FETCH
  const version = await channel.version(key, min, max)
  const topics =
    partitions === null
      ? null
      : Array.from(partitions, ([name, partitionIndexes]) => ({ name, partitionIndexes: [...partitionIndexes] }))
  const request = version >= STABLE_SINCE ? { requireStable: true } : {}
  if (version >= GROUPS_SINCE) {
    const narrowed = { ...OFFSET_FETCH, min: GROUPS_SINCE }
    const { groups } = await exchange(channel, narrowed, { ...request, groups: [{ groupId: group, topics }] })
    return answerOf(groups[0]?.errorCode ?? -1, groups[0]?.topics ?? [])
  }
  const narrowed = { ...OFFSET_FETCH, min: version, max: version }
  const answer = await exchange(channel, narrowed, { ...request, groupId: group, topics })
  return answerOf(answer.errorCode, answer.topics)
}

interface TopicOffsets {
  readonly name: string
  readonly partitions: readonly OffsetFetchResponsePartition[]
}

function answerOf(errorCode: number, topics: readonly TopicOffsets[]): OffsetsAnswer {
  const offsets = new Map<string, Map<number, Committed | number>>()
  let unstable = false
  for (const { name, partitions } of topics) {
    const committed = new Map<number, Committed | number>()
    for (const { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode } of partitions) {
      unstable ||= errorCode === UNSTABLE_OFFSET_COMMIT
      const told = { offset: Number(committedOffset), leaderEpoch: committedLeaderEpoch, metadata: metadata ?? '' }
      committed.set(partitionIndex, errorCode === 0 ? told : errorCode)
    }
    offsets.set(name, committed)
  }
  return { errorCode: errorCode === 0 && unstable ? UNSTABLE_OFFSET_COMMIT : errorCode, offsets }
}

export interface CommitAnswer {
  /** Not 0 if it is the same for all partitions: what became of the group or the member. */
  readonly errorCode: number
  /** Error code of each partition. One that fails does not stop the others. */
  readonly results: PartitionMap<number>
}

/** `member` null commits from outside, which the coordinator takes only while the group has no members. */
export async function askCommit(
  channel: BrokerChannel,
  group: string,
  member: MemberOfGeneration | null,
  commits: ReadonlyMap<string, readonly Commit[]>
): Promise<CommitAnswer> {
  const { topics } = await exchange(channel, OFFSET_COMMIT, {
    groupId: group,
    ...(member === null
      ? {}
      : {
          generationIdOrMemberEpoch: member.generation,
          memberId: member.memberId,
          groupInstanceId: member.instanceId
        }),
    topics: Array.from(commits, ([name, partitions]) => ({
      name,
      partitions: partitions.map(({ partition, offset, leaderEpoch, metadata }) => ({
        partitionIndex: partition,
        committedOffset: BigInt(offset),
        committedLeaderEpoch: leaderEpoch,
        committedMetadata: metadata
      }))
    }))
  })
  const results = new Map(
    topics.map(({ name, partitions }) => [
      name,
      new Map(partitions.map(({ partitionIndex, errorCode }) => [partitionIndex, errorCode]))
    ])
  )
  const codes = new Set(topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode)))
  const [only = 0] = codes
  return { errorCode: codes.size === 1 ? only : 0, results }
}
