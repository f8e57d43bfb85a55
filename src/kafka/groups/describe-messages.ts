import { GROUP_ID_NOT_FOUND } from '../kafka-errors.ts'
import { consumerGroupDescribe } from '../messages/consumer-group-describe.ts'
import { describeGroups } from '../messages/describe-groups.ts'
import { listGroups } from '../messages/list-groups.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import { exchange } from '../transport/exchange.ts'
import { decodeAssignment, decodeSubscription, type TopicPartitions } from './consumer-protocol.ts'

/** Instance ids from version 4 on; from 6 on an unknown group is an error (KIP-1043). */
const DESCRIBE_GROUPS = { ...describeGroups, min: 4 }

/** The first that lists by state (KIP-518, Kafka 2.6). */
const LIST_GROUPS = { ...listGroups, min: 4, max: 4 }

/**
 * - `classic`: a group of the protocol of JoinGroup, an empty one included
 * - `consumer`: a group of KIP-848; nobody's userData can be read. One without members becomes classic when a classic member joins
 * - `none`: there is no such group
 * - `other`: a group of another type, share or streams
 */
export type GroupKind = 'classic' | 'consumer' | 'none' | 'other'

export interface DescribedMember {
  readonly memberId: string
  readonly instanceId: string | null
  /** Of the member's first join, whoever holds it now. */
  readonly clientId: string
  readonly clientHost: string
  /** The encoded subscription. Empty unless the group is classic and Stable. */
  readonly metadata: Buffer
  /** Null if it is not told, or cannot be read. Unless the group is Stable it may be an old one. */
  readonly assignment: TopicPartitions | null
}

export interface GroupDescription {
  readonly errorCode: number
  /** Kafka's own words. */
  readonly reason: string | null
  readonly kind: GroupKind
  /** As Kafka spells it: Stable, PreparingRebalance, CompletingRebalance, Empty, Dead; others in groups of KIP-848. */
  readonly state: string
  /** `consumer` for groups of consumers; others use the classic protocol too, such as Kafka Connect. */
  readonly protocolType: string
  /** The assignor in use; empty unless the group is Stable. */
  readonly assignor: string
  readonly members: readonly DescribedMember[]
}

/** Describes one group. An error about it is in the answer. */
export async function askGroup(channel: BrokerChannel, group: string): Promise<GroupDescription> {
  const answer = await exchange(channel, DESCRIBE_GROUPS, { groups: [group] })
  const [described] = answer.groups
  if (described.errorCode === GROUP_ID_NOT_FOUND) return askNewerGroup(channel, group, described.errorMessage)
  return {
    errorCode: described.errorCode,
    reason: described.errorMessage,
    // Before version 6 a group that does not exist is Dead.
    kind: described.groupState === 'Dead' ? 'none' : 'classic',
    state: described.groupState,
    protocolType: described.protocolType,
    assignor: described.protocolData,
    members: described.members.map(
      ({ memberId, groupInstanceId, clientId, clientHost, memberMetadata, memberAssignment }) => ({
        memberId,
        instanceId: groupInstanceId,
        clientId,
        clientHost,
        metadata: memberMetadata,
        assignment: decodeAssignment(memberAssignment)?.partitions ?? null
      })
    )
  }
}

/** Names the groups of this broker that wait for their members to join. None before Kafka 2.6, which does not tell. */
export async function askRebalancing(channel: BrokerChannel): Promise<readonly string[]> {
  await channel.connect()
  const { key, min, max } = LIST_GROUPS
  if (channel.versionNow(key, min, max) < 0) return []
  const { groups } = await exchange(channel, LIST_GROUPS, { statesFilter: ['PreparingRebalance'] })
  return groups.map(({ groupId }) => groupId)
}

/** Adds up how many partitions of each topic are assigned. Topics of which none is are 0. */
export function assignedCounts(members: readonly DescribedMember[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { assignment, metadata } of members) {
    for (const topic of decodeSubscription(metadata)?.topics ?? []) counts.set(topic, counts.get(topic) ?? 0)
    for (const [topic, { length }] of assignment ?? []) counts.set(topic, (counts.get(topic) ?? 0) + length)
  }
  return counts
}

/** A group that is not classic, or none: DescribeGroups tells the two apart in words only. */
async function askNewerGroup(channel: BrokerChannel, group: string, reason: string | null): Promise<GroupDescription> {
  const none = { errorCode: 0, reason, state: 'Dead', protocolType: '', assignor: '', members: [] }
  const { key, min, max } = consumerGroupDescribe
  if (channel.versionNow(key, min, max) < 0) return { ...none, kind: 'none' }
  const answer = await exchange(channel, consumerGroupDescribe, {
    groupIds: [group],
    includeAuthorizedOperations: false
  })
  const [described] = answer.groups
  if (described.errorCode === GROUP_ID_NOT_FOUND)
    return { ...none, kind: reason?.includes('not a classic group') === true ? 'other' : 'none' }
  return {
    errorCode: described.errorCode,
    reason: described.errorMessage,
    kind: 'consumer',
    state: described.groupState,
    protocolType: 'consumer',
    assignor: described.assignorName,
    members: described.members.map(({ memberId, instanceId, clientId, clientHost, assignment }) => ({
      memberId,
      instanceId,
      clientId,
      clientHost,
      metadata: Buffer.alloc(0),
      assignment: new Map(assignment.topicPartitions.map(({ topicName, partitions }) => [topicName, partitions]))
    }))
  }
}
