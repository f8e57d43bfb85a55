import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../../src/core/deadline.ts'
import { Cluster } from '../../../src/kafka/cluster.ts'
import type { GroupFailure } from '../../../src/kafka/groups/group-failure.ts'
import type { GroupMember } from '../../../src/kafka/groups/group-member.ts'
import type { Groups } from '../../../src/kafka/groups/groups.ts'
import type { MemberAssignment, MemberOptions } from '../../../src/kafka/groups/membership.ts'
import { kafkaConfig, silent } from '../transport/scripted-broker.ts'

export const soon = (ms = 20_000): Deadline => Deadline.after(ms)

/** One gateway, as far as groups are concerned. */
export async function clusterOf(...bootstrapServers: string[]): Promise<Cluster> {
  const cluster = new Cluster(kafkaConfig(bootstrapServers, { requestTimeoutMs: 10_000 }), {}, silent)
  await cluster.start()
  return cluster
}

/** A member, and what it told its owner. */
export interface Watched {
  readonly member: GroupMember
  readonly assigned: MemberAssignment[]
  readonly ended: GroupFailure[]
  revoked: number
}

type Changes = Partial<Omit<MemberOptions, 'hooks' | 'subscription'>> & {
  readonly topics: readonly string[]
  readonly userData?: string
  readonly onRevoked?: () => Promise<void>
}

/** All members ever made here, and who made them. */
const everyone = new Map<GroupMember, Groups>()

/** The model that gateways stand before: groups of one name in several models have nothing to do with each other. */
export const modelOf = new WeakMap<Groups, object>()

/** A member that has not joined yet. */
export function watched(
  groups: Groups,
  group: string,
  instanceId: string | null,
  { topics, userData = '{}', onRevoked, ...changes }: Changes
): Watched {
  const assigned: MemberAssignment[] = []
  const ended: GroupFailure[] = []
  const member = groups.member({
    group,
    instanceId,
    subscription: { topics, userData: Buffer.from(userData) },
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    hooks: {
      onAssigned: assignment => assigned.push(assignment),
      onRevoked: () => {
        told.revoked++
        return onRevoked?.()
      },
      onEnded: failure => ended.push(failure)
    },
    ...changes
  })
  everyone.set(member, groups)
  const told: Watched = { member, assigned, ended, revoked: 0 }
  return told
}

/** The same, joined. The others need not wait for their next heartbeats to hear of it. */
export async function joined(...given: Parameters<typeof watched>): Promise<Watched> {
  const [groups, group] = given
  const told = watched(...given)
  const isNeighbour = ([member, others]: readonly [GroupMember, Groups]) =>
    member.group === group && modelOf.get(others) === modelOf.get(groups)
  told.member.join()
  for (const end = Date.now() + 20_000; (await told.member.settled(soon(50))) === null;) {
    if (Date.now() > end) throw new Error('It did not join in time')
    for (const each of everyone) if (isNeighbour(each)) each[0].beat()
  }
  return told
}

export async function until(condition: () => boolean, limitMs = 10_000): Promise<void> {
  for (const end = Date.now() + limitMs; !condition(); await sleep(5))
    if (Date.now() > end) throw new Error('It did not come true in time')
}

/** Resolves when all of them are in one generation and wait for nothing. They need not wait for their next heartbeats. */
export async function calm(...all: readonly Watched[]): Promise<void> {
  const members = all.map(({ member }) => member)
  const isCalm = () =>
    members.every(({ state, generation }) => state === 'stable' && generation === members[0].generation)
  for (let calmTimes = 0, end = Date.now() + 15_000; calmTimes < 2; await sleep(10)) {
    if (Date.now() > end) throw new Error('They did not calm down in time')
    const stable = members.filter(({ state }) => state === 'stable')
    await Promise.all(stable.map(member => member.heartbeat(soon()).catch(() => undefined)))
    calmTimes = isCalm() ? calmTimes + 1 : 0
  }
}

/** `topic-partition` of each, sorted. */
export function partitionsOf(members: readonly GroupMember[]): string[] {
  return members
    .flatMap(({ assignment }) =>
      Array.from(assignment?.partitions ?? [], ([topic, numbers]) => numbers.map(number => `${topic}-${number}`))
    )
    .flat()
    .sort()
}
