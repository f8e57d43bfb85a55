import type { BrokerChannel } from '../transport/broker-channel.ts'
import type { Brokers } from '../transport/brokers.ts'

/** One connection that nobody else uses until it is given back. */
export interface JoinConnection {
  readonly channel: BrokerChannel
  /** Call once. The connection must owe no answer that anybody waits for. */
  release(): void
}

type Take = (index: number) => void

/** What one group has of a pool. */
interface Share {
  /** Connections that it may need at the same time. Rises only where that leaves enough for the others. */
  claimed: number
  taken: number
  /** Members that the coordinator may wait for. */
  readonly known: Take[]
  /** Members that it does not know yet. */
  readonly newcomers: Take[]
}

interface Pool {
  readonly free: number[]
  made: number
  taken: number
  /** Groups that have connections, and may wait for more. */
  readonly inside: Map<string, Share>
  /** Groups that have none yet, in their order. */
  readonly queue: Map<string, Share>
}

/**
 * Connections for JoinGroup and SyncGroup, which the coordinator parks until the whole group has come: on a shared
 * connection they would hold up each other. Two groups, each with a part of the connections, could wait for each other for
 * ever. So a connection is given out only while all groups that have any can still finish one after another, each with
 * what is free and what those before it give back: the banker's algorithm. A group can finish without its newcomers.
 */
export class JoinConnections {
  readonly #brokers: Brokers
  readonly #limit: number
  readonly #pools = new Map<number, Pool>()

  constructor(brokers: Brokers, limit: number) {
    this.#brokers = brokers
    this.#limit = limit
  }

  /**
   * Resolves when a connection to the broker is free. `known`: how many members of the group this process holds that the
   * coordinator may wait for; `isNew`: this is not one of them. Rejects with a TransportError if the broker is not known.
   */
  async take(brokerId: number, group: string, known: number, isNew = false): Promise<JoinConnection> {
    const pool = this.#poolOf(brokerId)
    const share = shareOf(pool, group)
    if (share.taken === 0) share.claimed = Math.min(known, this.#limit)
    const index = await new Promise<number>(resolve => {
      ;(isNew ? share.newcomers : share.known).push(resolve)
      this.#serve(pool)
    })
    return this.#connection(brokerId, group, index)
  }

  /** Returns one more connection for a group that has one, or undefined if none is to be had at once. */
  takeSpare(brokerId: number, group: string): JoinConnection | undefined {
    const pool = this.#poolOf(brokerId)
    const share = pool.inside.get(group)
    if (share === undefined || !this.#canFinish(pool, share, false)) return undefined
    const spare = this.#connection(brokerId, group, this.#give(pool, share, false))
    const release = () => {
      share.claimed--
      spare.release()
    }
    return { channel: spare.channel, release }
  }

  #connection(brokerId: number, group: string, index: number): JoinConnection {
    const release = () => this.#release(this.#poolOf(brokerId), group, index)
    try {
      return { channel: this.#brokers.channel(brokerId, 'join', index), release }
    } catch (error) {
      release()
      throw error
    }
  }

  #poolOf(brokerId: number): Pool {
    let pool = this.#pools.get(brokerId)
    if (pool === undefined) {
      pool = { free: [], made: 0, taken: 0, inside: new Map(), queue: new Map() }
      this.#pools.set(brokerId, pool)
    }
    return pool
  }

  /** Groups inside come first: whatever waits, waits for them. */
  #serve(pool: Pool): void {
    for (const share of pool.inside.values()) this.#serveShare(pool, share)
    for (const [group, share] of pool.queue) {
      this.#serveShare(pool, share)
      if (share.taken === 0) return
      pool.queue.delete(group)
      pool.inside.set(group, share)
    }
  }

  #serveShare(pool: Pool, share: Share): void {
    for (const list of [share.known, share.newcomers])
      for (let [take] = list; take !== undefined; [take] = list) {
        const isClaimed = list === share.known && share.taken < share.claimed
        if (!this.#canFinish(pool, share, isClaimed)) return
        list.shift()
        take(this.#give(pool, share, isClaimed))
      }
  }

  /** Whether all groups that have connections can finish after this one got one more, of those that it claims or beyond. */
  #canFinish(pool: Pool, asking: Share, isClaimed: boolean): boolean {
    let free = this.#limit - pool.taken - 1
    const claimed = this.#claimOf(asking, isClaimed)
    // One more than it may ever have: those of members that have ended must come back first.
    if (free < 0 || (!isClaimed && asking.taken > 0 && claimed === asking.claimed)) return false
    const needs = [...new Set(pool.inside.values()).add(asking)]
      .map(share => ({
        taken: share === asking ? share.taken + 1 : share.taken,
        missing: share === asking ? claimed - share.taken - 1 : share.claimed - share.taken
      }))
      .sort((one, other) => one.missing - other.missing)
    for (const { taken, missing } of needs) {
      if (missing > free) return false
      free += taken
    }
    return true
  }

  #claimOf({ claimed }: Share, isClaimed: boolean): number {
    return isClaimed ? claimed : Math.min(claimed + 1, this.#limit)
  }

  /** The connection used last goes first, so that the others may be closed when idle. */
  #give(pool: Pool, share: Share, isClaimed: boolean): number {
    share.claimed = this.#claimOf(share, isClaimed)
    share.taken++
    pool.taken++
    return pool.free.pop() ?? pool.made++
  }

  #release(pool: Pool, group: string, index: number): void {
    pool.free.push(index)
    pool.taken--
    const share = shareOf(pool, group)
    if (--share.taken === 0) {
      pool.inside.delete(group)
      if (share.known.length + share.newcomers.length > 0) pool.queue.set(group, share)
    }
    this.#serve(pool)
  }
}

function shareOf({ inside, queue }: Pool, group: string): Share {
  let share = inside.get(group) ?? queue.get(group)
  if (share === undefined) queue.set(group, (share = { claimed: 0, taken: 0, known: [], newcomers: [] }))
  return share
}
