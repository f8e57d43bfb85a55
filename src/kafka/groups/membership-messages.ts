import { heartbeat } from '../messages/heartbeat.ts'
import { joinGroup } from '../messages/join-group.ts'
import { leaveGroup } from '../messages/leave-group.ts'
import { syncGroup } from '../messages/sync-group.ts'
import type { BrokerChannel } from '../transport/broker-channel.ts'
import { exchange } from '../transport/exchange.ts'
import { ASSIGNORS } from './assignors.ts'

/** The versions that know `group.instance.id` (KIP-345): Kafka 2.4 has them all. */
const JOIN_GROUP = { ...joinGroup, min: 5 }
const SYNC_GROUP = { ...syncGroup, min: 3 }
const HEARTBEAT = { ...heartbeat, min: 3 }
const LEAVE_GROUP = { ...leaveGroup, min: 3 }
const PROTOCOL_TYPE = 'consumer'

/** A member as its requests name it. */
export interface Member {
  readonly group: string
  /** Empty asks the coordinator for one; with an instance id it takes that instance over. */
  readonly memberId: string
  /** `group.instance.id`; null for a dynamic member. */
  readonly instanceId: string | null
}

export interface MemberOfGeneration extends Member {
  readonly generation: number
}

export interface JoinRequest extends Member {
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  /** An encoded subscription. */
  readonly metadata: Buffer
}

export interface JoinedMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly metadata: Buffer
}

export interface JoinAnswer {
  readonly errorCode: number
  readonly generation: number
  /** The assignor that all members have in common; empty if the answer names none. */
  readonly assignor: string
  /** Member id of the leader. */
  readonly leader: string
  /** The leader is not to assign anything: the group is stable, and only its member id has changed (KIP-814). */
  readonly skipsAssignment: boolean
  readonly memberId: string
  /** All members, if this one is the leader and is to assign. */
  readonly members: readonly JoinedMember[]
}

/** The coordinator answers when the whole group has come, so the connection must be used for nothing else. */
export async function askJoin(channel: BrokerChannel, request: JoinRequest): Promise<JoinAnswer> {
  const { group, memberId, instanceId, sessionTimeoutMs, rebalanceTimeoutMs, metadata } = request
  const answer = await exchange(channel, JOIN_GROUP, {
    groupId: group,
    sessionTimeoutMs,
    rebalanceTimeoutMs,
    memberId,
    groupInstanceId: instanceId,
    protocolType: PROTOCOL_TYPE,
    protocols: Array.from(ASSIGNORS.keys(), name => ({ name, metadata }))
  })
  return {
    errorCode: answer.errorCode,
    generation: answer.generationId,
    assignor: answer.protocolName ?? '',
    leader: answer.leader,
    skipsAssignment: answer.skipAssignment,
    memberId: answer.memberId,
    members: answer.members.map(({ memberId, groupInstanceId, metadata }) => ({
      memberId,
      instanceId: groupInstanceId,
      metadata
    }))
  }
}

export interface SyncAnswer {
  readonly errorCode: number
  /** Encoded, as the leader sent it; some brokers hand out zero bytes. */
  readonly assignment: Buffer
}

/** `assignments`: of each member by its id, encoded; empty unless the member leads. Parked like {@link askJoin}. */
export async function askSync(
  channel: BrokerChannel,
  { group, memberId, instanceId, generation }: MemberOfGeneration,
  assignor: string,
  assignments: ReadonlyMap<string, Buffer>
): Promise<SyncAnswer> {
  const { errorCode, assignment } = await exchange(channel, SYNC_GROUP, {
    groupId: group,
    generationId: generation,
    memberId,
    groupInstanceId: instanceId,
    // The coordinator compares both with its own; versions without them leave them out.
    protocolType: PROTOCOL_TYPE,
    protocolName: assignor,
    assignments: Array.from(assignments, ([memberId, assignment]) => ({ memberId, assignment }))
  })
  return { errorCode, assignment }
}

export async function askHeartbeat(
  channel: BrokerChannel,
  { group, memberId, instanceId, generation }: MemberOfGeneration
): Promise<{ readonly errorCode: number }> {
  return exchange(channel, HEARTBEAT, {
    groupId: group,
    generationId: generation,
    memberId,
    groupInstanceId: instanceId
  })
}

/** An empty member id removes whoever holds the instance id now. The error code is that of the member. */
export async function askLeave(
  channel: BrokerChannel,
  { group, memberId, instanceId }: Member
): Promise<{ readonly errorCode: number }> {
  const { errorCode, members } = await exchange(channel, LEAVE_GROUP, {
    groupId: group,
    members: [{ memberId, groupInstanceId: instanceId }]
  })
  return { errorCode: errorCode === 0 ? (members.at(0)?.errorCode ?? 0) : errorCode }
}
