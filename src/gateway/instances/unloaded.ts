import type { Deadline } from '../../core/deadline.ts'
import type { Writer } from './held-partition.ts'
import type { Positions } from './positions.ts'
import type { InstanceSettings } from './settings.ts'

/** An instance that joins again. */
interface Unloaded {
  readonly positions: Positions
  readonly settings: InstanceSettings
  readonly topics: readonly string[]
  readonly writer: Writer
  commitDelivered(deadline: Deadline): Promise<void>
}

/**
 * Commits what an instance was delivered by its former holder, if that is to be done by itself, for one that has to join again
 * before it has loaded any positions: whoever is assigned the partitions next begins at the commit.
 */
export async function commitUnloaded(instance: Unloaded, deadline: Deadline): Promise<void> {
  const { positions, settings, topics, writer } = instance
  if (!settings.autoCommit || topics.length === 0) return
  await positions.loadOwn({ ...writer, settings }, deadline)
  await instance.commitDelivered(deadline)
  // Others may deliver from there, so they are loaded anew if they come back.
  positions.clear()
}
