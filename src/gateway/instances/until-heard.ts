import { Deadline } from '../../core/deadline.ts'
import type { GroupDescription } from '../../kafka/groups/describe-messages.ts'
import type { Groups } from '../../kafka/groups/groups.ts'
import type { Instance } from './instance.ts'

const PAUSE_FIRST_MS = 5
const PAUSE_LIMIT_MS = 100

/**
 * Resolves with true once the member has its place in a stable group, or the coordinator shows of the group what `isHeard` looks
 * for: a rebalance may go on for long after that. Resolves with false at the deadline. Rejects as {@link Groups.describe} does.
 */
export async function untilHeard(
  groups: Pick<Groups, 'describe'>,
  { group, member }: Pick<Instance, 'group' | 'member'>,
  deadline: Deadline,
  isHeard: (described: GroupDescription) => boolean
): Promise<boolean> {
  for (let pauseMs = PAUSE_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, PAUSE_LIMIT_MS)) {
    if ((await member.settled(Deadline.after(pauseMs))) !== null) return true
    if (isHeard(await groups.describe(group, deadline))) return true
    if (deadline.passed) return false
  }
}
