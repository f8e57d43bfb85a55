import { setTimeout as sleep } from 'node:timers/promises'
import { Deadline } from '../../core/deadline.ts'
import type { InstancesContext } from './context.ts'
import { instanceOf } from './known-instance.ts'

/** A takeover, rescue or repair that is under way may last so long. */
const LOOKS_AFTER_MS = [1000, 4000, 15_000]
const LOOK_LIMIT_MS = 5000
const LOOK_AGAIN_MS = 100

/** An instance that was deleted. */
interface Deleted {
  readonly group: string
  readonly name: string
  /** One that was made again under its name has another. */
  readonly born: string
}

interface DeletionsContext extends Pick<InstancesContext, 'log'> {
  readonly groups: Pick<InstancesContext['groups'], 'describe' | 'remove'>
}

/**
 * Sees to it that deleted instances stay so. A gateway that was about to take one over when it left its group joins as a new
 * member under its name, which would keep partitions that nobody reads until it is idle for long enough.
 */
export class Deletions {
  readonly #context: DeletionsContext
  readonly #looks = new Set<NodeJS.Timeout>()

  constructor(context: DeletionsContext) {
    this.#context = context
  }

  /** Takes note of one that has left its group. */
  deleted(deleted: Deleted): void {
    for (const afterMs of LOOKS_AFTER_MS) {
      const look = setTimeout(() => {
        this.#looks.delete(look)
        void this.#look(deleted)
      }, afterMs).unref()
      this.#looks.add(look)
    }
  }

  close(): void {
    for (const look of this.#looks) clearTimeout(look)
    this.#looks.clear()
  }

  async #look({ group, name, born }: Deleted): Promise<void> {
    const { groups, log } = this.#context
    const deadline = Deadline.after(LOOK_LIMIT_MS)
    try {
      for (; !deadline.passed; await sleep(LOOK_AGAIN_MS, undefined, { ref: false })) {
        const { state, members } = await groups.describe(group, deadline)
        const member = members.find(({ instanceId }) => instanceId === name)
        if (member === undefined) return
        // While the group is being rebalanced it does not tell what its members are.
        if (state !== 'Stable') continue
        if (instanceOf(member.metadata)?.settings.born !== born) return
        if (await groups.remove(group, name, deadline))
          log.debug({ group, instance: name }, 'A deleted consumer instance had come back: it is deleted again')
        return
      }
    } catch (error) {
      log.debug({ group, instance: name, cause: String(error) }, 'Whether a deleted instance came back is not known')
    }
  }
}
