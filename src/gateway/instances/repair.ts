import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../core/deadline.ts'
import type { InstancesContext } from './context.ts'
import type { Instance } from './instance.ts'
import { instanceOf, type KnownInstance } from './known-instance.ts'
import type { Holder } from './rescue.ts'

const REPAIRS = 3
const LOOK_MS = 100
/** For a rebalance to pass: only then does the group show what it was told. */
const LOOK_LIMIT_MS = 30_000

export interface RepairingHolder extends Holder {
  hold(group: string, name: string, known: KnownInstance): Instance
}

/**
 * Writes a change again that a client was told of and the group has lost: whoever took the instance over may have joined
 * with what it was before. Call it when the instance was fenced. Gives up after three such takeovers in a row.
 */
export async function repair(
  context: InstancesContext,
  holder: RepairingHolder,
  { group, name, topics, settings, acknowledged, repairs }: Instance
): Promise<void> {
  if (acknowledged === 0 || repairs >= REPAIRS) return
  try {
    const shown = await shownOf(context, holder, group, name)
    if (shown === null || shown.settings.version >= acknowledged || shown.settings.born !== settings.born) return
    // Under an empty member id other topics would replace those in the group without a rebalance: first as it is.
    const instance = holder.hold(group, name, shown)
    instance.repairs = repairs + 1
    instance.restore({ topics, settings })
    instance.acknowledged = acknowledged
  } catch (error) {
    context.log.debug({ group, instance: name, cause: String(error) }, 'An instance could not be repaired')
  }
}

/** What the group shows of it; null if it is gone, is held here, or the group does not become Stable. */
async function shownOf(
  { groups, memory }: InstancesContext,
  holder: RepairingHolder,
  group: string,
  name: string
): Promise<KnownInstance | null> {
  for (const limit = Deadline.after(LOOK_LIMIT_MS); !limit.passed;) {
    await sleep(LOOK_MS, undefined, { ref: false })
    if (holder.holds(group, name)) return null
    const described = await groups.describe(group, limit)
    memory.learn(group, described)
    const member = described.members.find(({ instanceId }) => instanceId === name)
    if (member === undefined) return null
    if (described.state === 'Stable') return holder.holds(group, name) ? null : instanceOf(member.metadata)
  }
  return null
}
