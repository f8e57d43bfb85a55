import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../core/deadline.ts'
import type { DescribedMember, GroupDescription } from '../../kafka/groups/describe-messages.ts'
import type { Committed, PartitionMap } from '../../kafka/groups/offset-messages.ts'
import { uncommittedOf } from './commit-while-joining.ts'
import type { InstancesContext } from './context.ts'
import { groupBusy, groupUnusable, instanceNotFound, requireClassic } from './failures.ts'
import { instanceOf, type KnownInstance } from './known-instance.ts'
import { entryOf, instanceKey } from './position-entry.ts'
import { isOpenFor, newestVersions } from './resume.ts'

const LOOK_AGAIN_FIRST_MS = 5
const LOOK_AGAIN_LIMIT_MS = 50
/** Most rebalances are over by then. What is remembered may be older than what the group will show. */
const REBALANCE_MS = 1000
/** A holder that lives has heard of a rebalance by then, and has committed what it delivered: fenced before, it could not. */
const HOLDER_MS = 3500
/** For the gateway that sends a batch to say that the client has it. One that is busy takes longer; one that is dead never does. */
const OPEN_LIMIT_MS = 500
const OPEN_AGAIN_MS = 5

/** An instance that this process does not hold. */
export interface FoundInstance {
  /** As its group knows it, as far as Kafka tells: so it is to be joined. */
  readonly joinAs: KnownInstance
  /** A later change that the group has lost; null if there is none. */
  readonly lost: KnownInstance | null
  /** Of its holder, as the group shows it. */
  readonly memberId: string
}

/**
 * Finds out what an instance is that this process does not hold. Waits for a rebalance to pass if nothing is known of the
 * instance, or something older than it has delivered as. Rejects with INSTANCE_NOT_FOUND, GROUP_UNUSABLE, or GROUP_BUSY at the deadline.
 */
export async function findInstance(
  context: InstancesContext,
  group: string,
  name: string,
  deadline: Deadline
): Promise<FoundInstance> {
  const { groups, memory } = context
  const [patience, holder] = [Deadline.after(REBALANCE_MS), Deadline.after(HOLDER_MS)]
  for (let pauseMs = LOOK_AGAIN_FIRST_MS; ; pauseMs = Math.min(pauseMs * 2, LOOK_AGAIN_LIMIT_MS)) {
    const [described, stored] = await Promise.all([
      groups.describe(group, deadline),
      groups.committed(group, null, deadline)
    ])
    memory.learn(group, described)
    const remembered = memory.recall(group, name)
    const mayRemember =
      patience.passed && (holder.passed || remembered === undefined || !awaitsCommit(name, remembered, stored))
    const known = knownBy(context, group, name, described, mayRemember ? stored : null)
    if (known !== undefined) {
      await untilClosed(context, group, instanceKey(name, known.joinAs.settings.born), stored, deadline)
      return known
    }
    if (deadline.passed) throw groupBusy(group)
    await sleep(pauseMs)
  }
}

/**
 * Returns undefined while the group does not show it, and nothing is remembered that is as new as what was delivered by.
 * `stored` is null while memory is not to be used.
 */
function knownBy(
  { memory }: InstancesContext,
  group: string,
  name: string,
  described: GroupDescription,
  stored: PartitionMap<Committed | number> | null
): FoundInstance | undefined {
  const { kind, state, members } = described
  const remembered = memory.recall(group, name)
  if (kind === 'other') requireClassic(group, described)
  const member = members.find(({ instanceId }) => instanceId === name)
  if (kind === 'none' || member === undefined) {
    if (kind !== 'consumer') memory.forget(group, name)
    throw instanceNotFound(group, name)
  }
  const { memberId } = member
  if (kind === 'consumer') {
    if (remembered !== undefined) return { joinAs: remembered, lost: null, memberId }
    requireClassic(group, described)
  }
  if (state !== 'Stable') {
    if (remembered === undefined || stored === null) return undefined
    const { version, born } = remembered.settings
    const newest = newestVersions(stored).get(instanceKey(name, born)) ?? 0
    return newest > version ? undefined : { joinAs: remembered, lost: null, memberId }
  }
  const joinAs = shownBy(group, member)
  const { version, born } = joinAs.settings
  const isLost = remembered?.settings.born === born && remembered.settings.version > version
  return { joinAs, lost: isLost ? remembered : null, memberId }
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

/** Whether auto commit has yet to commit what the instance received: members of other software begin at the commit. */
function awaitsCommit(name: string, { settings }: KnownInstance, stored: PartitionMap<Committed | number>): boolean {
  return settings.autoCommit && uncommittedOf(stored, instanceKey(name, settings.born)).commits.size > 0
}

function hasOpen(stored: PartitionMap<Committed | number>, key: string): boolean {
  for (const ofTopic of stored.values())
    for (const told of ofTopic.values()) if (isOpenFor(key, entryOf(told))) return true
  return false
}
