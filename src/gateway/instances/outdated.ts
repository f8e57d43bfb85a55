import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../core/deadline.ts'
import type { GroupFailure } from '../../kafka/groups/group-failure.ts'
import { outdatedInstance } from './failures.ts'

/** An instance that may have been joined as something older than it was. */
export interface MaybeOutdated {
  readonly group: string
  readonly name: string
  readonly settings: { readonly version: number }
  readonly positions: { readonly newestVersion: number }
  readonly ended: GroupFailure | undefined
}

/** For a gateway that knows what it was to take it over, and bring that back. */
const REPAIR_LIMIT_MS = 2000
const LOOK_MS = 20

/** Whether it has delivered under a newer version of its settings. */
export function isOutdated({ positions, settings }: MaybeOutdated): boolean {
  return positions.newestVersion > settings.version
}

/** Waits while it is outdated. Rejects with a GroupFailure when it is taken over, and with GROUP_BUSY if nobody does that. */
export async function untilRepaired(instance: MaybeOutdated, deadline: Deadline): Promise<void> {
  if (!isOutdated(instance)) return
  for (const limit = Deadline.after(Math.min(REPAIR_LIMIT_MS, deadline.remainingMs)); !limit.passed;) {
    await sleep(LOOK_MS)
    if (instance.ended !== undefined) throw instance.ended
    if (!isOutdated(instance)) return
  }
  throw outdatedInstance(instance.group, instance.name)
}
