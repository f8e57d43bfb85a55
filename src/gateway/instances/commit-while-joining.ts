import { Deadline } from '../../core/deadline.ts'
import type { Commit, Committed, PartitionMap } from '../../kafka/groups/offset-messages.ts'
import type { InstancesContext } from './context.ts'
import type { Instance } from './instance.ts'
import { instanceKey, readMetadata, writeMetadata } from './position-entry.ts'
import { receivedTo } from './resume.ts'

/** A takeover in a Stable group takes less. */
const LOOK_FIRST_MS = 10
const LOOK_AGAIN_LIMIT_MS = 250
/** By then a JoinGroup has reached its coordinator, or is lost; how long it waits there does not matter. */
const LIMIT_MS = 10_000

/** What an instance received in a generation, and has yet to commit. */
interface Uncommitted {
  readonly generation: number
  readonly commits: ReadonlyMap<string, readonly Commit[]>
}

/**
 * Commits what an instance with auto commit had received by its former holder, while the JoinGroup that takes it over waits for
 * a rebalance. The holder is fenced, and the gateway is told its own member id only when the rebalance is over; by then members
 * of other software have begun at the older commit. But DescribeGroups shows the id, and until then the generation before counts.
 * `formerId`: the member id of the holder that was taken over.
 */
export async function commitWhileJoining(
  { groups, log }: Pick<InstancesContext, 'groups' | 'log'>,
  { group, name, member, settings }: Instance,
  formerId: string
): Promise<void> {
  if (!settings.autoCommit) return
  const deadline = Deadline.after(LIMIT_MS)
  try {
    for (let pauseMs = LOOK_FIRST_MS; !deadline.passed; pauseMs = Math.min(pauseMs * 2, LOOK_AGAIN_LIMIT_MS)) {
      if ((await member.settled(Deadline.after(pauseMs))) !== null || member.memberId !== '') return
      const { state, members } = await groups.describe(group, deadline)
      const memberId = members.find(({ instanceId }) => instanceId === name)?.memberId ?? formerId
      if (state !== 'PreparingRebalance' || memberId === formerId) continue
      const stored = await groups.committed(group, null, deadline)
      const { generation, commits } = uncommittedOf(stored, instanceKey(name, settings.born))
      if (commits.size > 0)
        await groups.commit(group, commits, deadline, { group, memberId, instanceId: name, generation })
      return
    }
  } catch (error) {
    log.debug({ group, instance: name, cause: String(error) }, 'What an instance had received could not be committed')
  }
}

/** Returns what auto commit has yet to commit of an instance, of the newest generation in which it received anything. */
export function uncommittedOf(stored: PartitionMap<Committed | number>, key: string): Uncommitted {
  let generation = -1
  let commits = new Map<string, Commit[]>()
  for (const [topic, ofTopic] of stored)
    for (const [partition, told] of ofTopic) {
      if (typeof told !== 'object') continue
      const { metadata, entry } = readMetadata(told.metadata)
      const delivered = entry?.delivered
      if (!delivered || delivered.instance !== key || delivered.generation < generation) continue
      if (delivered.generation > generation) [generation, commits] = [delivered.generation, new Map()]
      const offset = receivedTo(delivered)
      if (offset === told.offset) continue
      const text = writeMetadata({ metadata, entry: { ...entry, start: null } })
      commits.set(topic, [...(commits.get(topic) ?? []), { partition, offset, leaderEpoch: -1, metadata: text }])
    }
  return { generation, commits }
}
