import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../core/deadline.ts'
import type { DescribedMember, GroupDescription } from '../../kafka/groups/describe-messages.ts'
import type { Committed, PartitionMap } from '../../kafka/groups/offset-messages.ts'
import type { InstancesContext } from './context.ts'
import { groupBusy, groupUnusable, instanceNotFound, requireClassic } from './failures.ts'
import { instanceOf, type KnownInstance } from './group-memory.ts'
import { instanceKey, readMetadata } from './position-entry.ts'
import { isOpenFor } from './resume.ts'

const LOOK_AGAIN_FIRST_MS = 5
const LOOK_AGAIN_LIMIT_MS = 50
/** Most rebalances are over by then. What is remembered may be older than what the group will show. */
const REBALANCE_MS = 1000
/** For the gateway that sends a batch to say that the client has it. */
const OPEN_LIMIT_MS = 100
const OPEN_AGAIN_MS = 20

/**
 * Finds out what an instance is that this process does not hold. Waits for a rebalance to pass if nothing is known of the
 * instance. Rejects with INSTANCE_NOT_FOUND, GROUP_UNUSABLE, or GROUP_BUSY at the deadline.
 */
export async function findInstance(
  context: InstancesContext,
  group: string,
  name: string,
  deadline: Deadline
): Promise<KnownInstance> {
  const { groups, memory } = context
  const patience = Deadline.after(REBALANCE_MS)
  for (let pauseMs = LOOK_AGAIN_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, LOOK_AGAIN_LIMIT_MS)) {
    const [described, stored] = await Promise.all([
      groups.describe(group, deadline),
      groups.committed(group, null, deadline)
    ])
    memory.learn(group, described)
    const known = knownBy(context, group, name, described, patience.passed)
    if (known !== undefined) {
      await untilClosed(context, group, instanceKey(name, known.settings.born), stored, deadline)
      return known
    }
    if (deadline.passed) throw groupBusy(group)
    await sleep(pauseMs)
  }
}

/** Returns undefined while the group does not show it, and nothing is remembered or memory is not to be used yet. */
function knownBy(
  { memory }: InstancesContext,
  group: string,
  name: string,
  described: GroupDescription,
  mayRemember: boolean
): KnownInstance | undefined {
  const { kind, state, members } = described
  const remembered = memory.recall(group, name)
  if (kind === 'other') requireClassic(group, described)
  const member = members.find(({ instanceId }) => instanceId === name)
  if (kind === 'none' || member === undefined) {
    if (kind !== 'consumer') memory.forget(group, name)
    throw instanceNotFound(group, name)
  }
  if (kind === 'consumer') {
    if (remembered !== undefined) return remembered
    requireClassic(group, described)
  }
  if (state !== 'Stable') return mayRemember ? remembered : undefined
  const shown = shownBy(group, member)
  return remembered !== undefined && remembered.settings.version > shown.settings.version ? remembered : shown
}

/** Throws GROUP_UNUSABLE for the member of somebody else, which must not be taken over. */
export function shownBy(group: string, { instanceId, metadata }: DescribedMember): KnownInstance {
  const shown = instanceOf(metadata)
  if (shown !== null) return shown
  throw groupUnusable(`Member '${instanceId ?? ''}' of group '${group}' is not an instance of this gateway.`)
}

/** Must be over before the join, which fences whoever could still close the batch. */
async function untilClosed(
  { groups }: InstancesContext,
  group: string,
  key: string,
  stored: PartitionMap<Committed | number>,
  deadline: Deadline
): Promise<void> {
  const limit = Deadline.after(Math.min(OPEN_LIMIT_MS, deadline.remainingMs))
  for (let shown = stored; hasOpen(shown, key) && !limit.passed;) {
    await sleep(OPEN_AGAIN_MS)
    shown = await groups.committed(group, null, deadline)
  }
}

function hasOpen(stored: PartitionMap<Committed | number>, key: string): boolean {
  for (const ofTopic of stored.values())
    for (const told of ofTopic.values())
      if (typeof told === 'object' && isOpenFor(key, readMetadata(told.metadata).entry)) return true
  return false
}
