/** A member as an assignor sees it. */
export interface AssignedMember {
  readonly memberId: string
  /** `group.instance.id`; null for a dynamic member. */
  readonly instanceId: string | null
  readonly topics: readonly string[]
}

/** Partitions by topic, of each member by its id: every member has an entry. */
export type MemberAssignments = ReadonlyMap<string, ReadonlyMap<string, readonly number[]>>

type Assignor = (members: readonly AssignedMember[], counts: ReadonlyMap<string, number>) => MemberAssignments

interface Share {
  readonly member: AssignedMember
  readonly topics: ReadonlySet<string>
  readonly partitions: Map<string, number[]>
}

/**
 * Java's RangeAssignor: each topic in ranges, the first members get one more. `counts`: partitions of each topic; one that
 * does not exist is left out. Racks (KIP-881) are not considered: our members have none, and where others have, only the
 * nearness of replicas is lost. Without racks all versions of Java from 2.4 on assign alike.
 */
export function assignRange(
  members: readonly AssignedMember[],
  counts: ReadonlyMap<string, number>
): MemberAssignments {
  const shares = sharesOf(members)
  for (const [topic, count] of sortedTopics(shares, counts)) {
    const takers = shares.filter(({ topics }) => topics.has(topic))
    const least = Math.floor(count / takers.length)
    const withOneMore = count % takers.length
    let next = 0
    takers.forEach(({ partitions }, index) => {
      const size = least + (index < withOneMore ? 1 : 0)
      if (size > 0) partitions.set(topic, range(next, size))
      next += size
    })
  }
  return resultOf(shares)
}

/** Java's RoundRobinAssignor: the partitions of all topics in turn, each to the next member that subscribes to its topic. */
export function assignRoundRobin(
  members: readonly AssignedMember[],
  counts: ReadonlyMap<string, number>
): MemberAssignments {
  const shares = sharesOf(members)
  let turn = 0
  for (const [topic, count] of sortedTopics(shares, counts)) {
    for (let partition = 0; partition < count; partition++) {
      while (!shares[turn].topics.has(topic)) turn = (turn + 1) % shares.length
      const { partitions } = shares[turn]
      const before = partitions.get(topic)
      if (before === undefined) partitions.set(topic, [partition])
      else before.push(partition)
      turn = (turn + 1) % shares.length
    }
  }
  return resultOf(shares)
}

/** By the names under which JoinGroup offers them, the preferred one first. */
export const ASSIGNORS: ReadonlyMap<string, Assignor> = new Map([
  ['range', assignRange],
  ['roundrobin', assignRoundRobin]
])

/** Static members by instance id first, then the others by member id, so that a new member id moves nothing (KIP-345). */
function sharesOf(members: readonly AssignedMember[]): Share[] {
  const order = (one: AssignedMember, other: AssignedMember): number => {
    if (one.instanceId !== null && other.instanceId !== null) return compare(one.instanceId, other.instanceId)
    if (one.instanceId !== null) return -1
    if (other.instanceId !== null) return 1
    return compare(one.memberId, other.memberId)
  }
  return members
    .toSorted(order)
    .map(member => ({ member, topics: new Set(member.topics), partitions: new Map<string, number[]>() }))
}

/** By UTF-16 code units, as Java compares strings. */
function compare(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

function sortedTopics(shares: readonly Share[], counts: ReadonlyMap<string, number>): [string, number][] {
  const topics = new Set(shares.flatMap(({ topics }) => [...topics]))
  return [...topics].toSorted(compare).map(topic => [topic, counts.get(topic) ?? 0])
}

function range(first: number, size: number): number[] {
  return Array.from({ length: size }, (_, index) => first + index)
}

function resultOf(shares: readonly Share[]): MemberAssignments {
  return new Map(shares.map(({ member, partitions }) => [member.memberId, partitions]))
}
