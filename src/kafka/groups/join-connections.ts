import type { BrokerChannel } from '../transport/broker-channel.ts'
import type { Brokers } from '../transport/brokers.ts'

/** One connection that nobody else uses until it is given back. */
export interface JoinConnection {
  readonly channel: BrokerChannel
  /** Call once. The connection must owe no answer that anybody waits for. */
  release(): void
}

/** What one group has of a pool. */
interface Share {
  /** Connections that it may need at the same time: one for each of its members. */
  size: number
  taken: number
  readonly waiting: ((index: number) => void)[]
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
 * what is free and what those before it give back: the banker's algorithm.
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
   * Resolves when a connection to the broker is free. `members`: how many of the group this process holds, each of which may
   * have to join. Rejects with a TransportError if the broker is not known.
   */
  async take(brokerId: number, group: string, members: number): Promise<JoinConnection> {
    const pool = this.#poolOf(brokerId)
    const share = shareOf(pool, group)
    share.size = Math.min(members, this.#limit)
    const index = await new Promise<number>(resolve => {
      share.waiting.push(resolve)
      this.#serve(pool)
    })
    return this.#connection(brokerId, group, index)
  }

  /** Returns one more connection for a group that has one, or undefined if none is to be had at once. */
  takeSpare(brokerId: number, group: string): JoinConnection | undefined {
    const pool = this.#poolOf(brokerId)
    const share = pool.inside.get(group)
    if (share === undefined || !this.#canFinish(pool, share)) return undefined
    return this.#connection(brokerId, group, give(pool, share))
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
    while (share.waiting.length > 0 && this.#canFinish(pool, share)) {
      const [take] = share.waiting.splice(0, 1)
      take(give(pool, share))
    }
  }

  /** Whether all groups that have connections can finish after this one got one more. */
  #canFinish(pool: Pool, asking: Share): boolean {
    let free = this.#limit - pool.taken - 1
    if (free < 0) return false
    const needs = [...new Set(pool.inside.values()).add(asking)]
      .map(share => {
        const taken = share === asking ? share.taken + 1 : share.taken
        return { taken, missing: share.size - taken }
      })
      .sort((one, other) => one.missing - other.missing)
    for (const { taken, missing } of needs) {
      if (missing > free) return false
      free += taken
    }
    return true
  }

  #release(pool: Pool, group: string, index: number): void {
    pool.free.push(index)
    pool.taken--
    const share = shareOf(pool, group)
    if (--share.taken === 0) {
      pool.inside.delete(group)
      if (share.waiting.length > 0) pool.queue.set(group, share)
    }
    this.#serve(pool)
  }
}

function shareOf({ inside, queue }: Pool, group: string): Share {
  let share = inside.get(group) ?? queue.get(group)
  if (share === undefined) queue.set(group, (share = { size: 0, taken: 0, waiting: [] }))
  return share
}

/** The connection used last goes first, so that the others may be closed when idle. */
function give(pool: Pool, share: Share): number {
  share.taken++
  pool.taken++
  return pool.free.pop() ?? pool.made++
}
