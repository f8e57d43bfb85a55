import { GatewayError } from '../../core/errors.ts'
import { encodeAssignment, encodeSubscription } from '../../kafka/groups/consumer-protocol.ts'
import type { DescribedMember, GroupDescription } from '../../kafka/groups/describe-messages.ts'
import { encodeSettings, type InstanceSettings } from './settings.ts'

/** The coordinator writes a whole group as one record, of at most 1 MB by default: one that is larger never becomes Stable. */
export const GROUP_BYTES = 700_000
/** Of a member's time-outs and lengths. */
const MEMBER_BYTES = 40
/** Of a UUID, and of the client id and address of a member that is to come. */
const UUID_CHARACTERS = 37
const CLIENT_BYTES = 100
const PARTITION_BYTES = 4

/** An instance that is to be in a group. */
export interface Newcomer {
  readonly name: string
  readonly topics: readonly string[]
  readonly settings: InstanceSettings
  /** Partitions of its topics, as far as they are known. */
  readonly counts: ReadonlyMap<string, number>
}

/** Returns about how many bytes these members take in the record of their group. */
export function recordBytes(members: readonly DescribedMember[]): number {
  return members.reduce((sum, member) => sum + memberBytes(member), 0)
}

/**
 * Throws INSTANCE_LIMIT if the group would no longer fit into one record with this instance, which may be in it already.
 * `lastBytes`: {@link recordBytes} of the group when it was last Stable.
 */
export function requireRoom(
  group: string,
  { state, members }: Pick<GroupDescription, 'state' | 'members'>,
  lastBytes: number,
  { name, topics, settings, counts }: Newcomer
): void {
  const own = members.filter(({ instanceId }) => instanceId === name)
  const others = members.filter(({ instanceId }) => instanceId !== name)
  // Unless the group is Stable, Kafka does not tell what its members said.
  const known = state === 'Stable' ? recordBytes(members) : Math.max(lastBytes, recordBytes(members))
  const subscription = encodeSubscription({ topics, userData: encodeSettings(settings) })
  const nothing = encodeAssignment({ partitions: new Map(topics.map(topic => [topic, []])), userData: null })
  const memberId = name.length + UUID_CHARACTERS
  const added = MEMBER_BYTES + memberId + name.length + CLIENT_BYTES + subscription.length + nothing.length
  const bytes = known - recordBytes(own) + added + PARTITION_BYTES * comingPartitions(others, counts)
  if (bytes <= GROUP_BYTES) return
  throw new GatewayError(
    'INSTANCE_LIMIT',
    `Consumer group '${group}' would take ${bytes} bytes; Kafka keeps a group as one record, and the limit is ${GROUP_BYTES}. It has too many members, or they read too many topics and partitions.`,
    { headers: { 'Retry-After': '1' } }
  )
}

function memberBytes({ memberId, instanceId, clientId, clientHost, metadata, assignment }: DescribedMember): number {
  const assigned = assignment === null ? 0 : encodeAssignment({ partitions: assignment, userData: null }).length
  const names = memberId.length + (instanceId?.length ?? 0) + clientId.length + clientHost.length
  return MEMBER_BYTES + names + metadata.length + assigned
}

/** Returns how many partitions of these topics no other member has. */
function comingPartitions(others: readonly DescribedMember[], counts: ReadonlyMap<string, number>): number {
  const had = (topic: string) => others.reduce((sum, { assignment }) => sum + (assignment?.get(topic)?.length ?? 0), 0)
  let coming = 0
  for (const [topic, count] of counts) coming += Math.max(0, count - had(topic))
  return coming
}
