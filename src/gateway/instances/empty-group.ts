import type { Deadline } from '../../core/deadline.ts'
import type { Commit } from '../../kafka/groups/offset-messages.ts'
import type { InstancesContext } from './context.ts'
import { readMetadata } from './position-entry.ts'

/**
 * Forgets where instances of a group began that has no members any more, so that `auto.offset.reset` decides again. What was
 * committed stays. Kafka refuses this, and rightly so, once the group has a member.
 */
export async function forgetStarts(
  { groups }: Pick<InstancesContext, 'groups'>,
  group: string,
  deadline: Deadline
): Promise<void> {
  const commits = new Map<string, Commit[]>()
  for (const [topic, ofTopic] of await groups.committed(group, null, deadline)) {
    const begun: Commit[] = []
    for (const [partition, told] of ofTopic) {
      if (typeof told !== 'object' || told.offset >= 0) continue
      const { metadata, entry } = readMetadata(told.metadata)
      if (entry !== null) begun.push({ ...told, partition, metadata })
    }
    if (begun.length > 0) commits.set(topic, begun)
  }
  if (commits.size > 0) await groups.commit(group, commits, deadline)
}
