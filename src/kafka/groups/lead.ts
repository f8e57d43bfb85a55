import { Deadline } from '../../core/deadline.ts'
import { KafkaFailure } from '../kafka-failure.ts'
import { causeText } from '../transport/transport-error.ts'
import { ASSIGNORS, type AssignedMember } from './assignors.ts'
import { decodeSubscription, encodeAssignment } from './consumer-protocol.ts'
import type { GroupContext } from './group-context.ts'
import type { JoinedMember } from './membership-messages.ts'

export interface Led {
  /** Of every member by its id, encoded: a member without any would be broken by zero bytes in its place. */
  readonly assignments: ReadonlyMap<string, Buffer>
  /** Partitions of each topic that somebody subscribes to; 0 for one that does not exist. */
  readonly counts: ReadonlyMap<string, number>
}

const METADATA_LIMIT_MS = 5000

/**
 * Assigns partitions to all members of a group, as its leader. A member whose metadata cannot be read gets none. Rejects
 * with a KafkaFailure while Kafka does not tell the partitions.
 */
export async function lead(
  { metadata, log }: GroupContext,
  group: string,
  assignor: string,
  joined: readonly JoinedMember[]
): Promise<Led> {
  const assign = ASSIGNORS.get(assignor)
  if (assign === undefined) throw new Error(`Group ${group} uses the assignor ${assignor}, which was not offered`)
  const members = joined.map(({ memberId, instanceId, metadata }): AssignedMember => {
    const subscription = decodeSubscription(metadata)
    if (subscription === null)
      log.warn({ group, memberId }, 'A member of the group sent a subscription that cannot be read')
    return { memberId, instanceId, topics: subscription?.topics ?? [] }
  })
  const deadline = Deadline.after(METADATA_LIMIT_MS)
  const topics = new Set(members.flatMap(({ topics }) => topics))
  const counts = new Map(
    await Promise.all(Array.from(topics, async topic => [topic, await partitionCount(topic)] as const))
  )
  const assignments = new Map<string, Buffer>()
  for (const [memberId, partitions] of assign(members, counts))
    assignments.set(memberId, encodeAssignment({ partitions, userData: null }))
  return { assignments, counts }

  /** A topic that this process may not see has none for it to assign; for others in the group it is as if it were missing. */
  async function partitionCount(topic: string): Promise<number> {
    try {
      return (await metadata.refresh(topic, deadline))?.partitions.length ?? 0
    } catch (error) {
      if (!(error instanceof KafkaFailure && error.kind === 'refused')) throw error
      log.warn({ group, topic, cause: causeText(error) }, 'A topic of the group cannot be assigned by the gateway')
      return 0
    }
  }
}

/**
 * Returns whether the partitions of a group's topics are no longer those that were assigned. Keeps the topics in use, so
 * that their metadata is refreshed in the background. What Kafka does not tell now has not changed.
 */
export async function hasChanged({ metadata }: GroupContext, counts: ReadonlyMap<string, number>): Promise<boolean> {
  const deadline = Deadline.after(METADATA_LIMIT_MS)
  const changed = await Promise.all(
    Array.from(counts, async ([topic, count]) => {
      const known = metadata.peek(topic) ?? (await metadata.topic(topic, deadline).catch(() => undefined))
      return known !== undefined && (known?.partitions.length ?? 0) !== count
    })
  )
  return changed.includes(true)
}
