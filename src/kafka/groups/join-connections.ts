import type { BrokerChannel } from '../transport/broker-channel.ts'
import type { Brokers } from '../transport/brokers.ts'

/** One connection that nobody else uses until it is given back. */
export interface JoinConnection {
  readonly channel: BrokerChannel
  /** Call once. The connection must owe no answer that anybody waits for. */
  release(): void
}

/** Members of one group that are let in together, or wait to be. */
interface Party {
  readonly group: string
  /** Connections that are theirs but not taken yet. */
  left: number
  taken: number
  readonly waiting: ((index: number) => void)[]
}

interface Pool {
  readonly free: number[]
  made: number
  /** Connections that are taken or kept for a party. */
  promised: number
  readonly inside: Set<Party>
  readonly queue: Party[]
}

/**
 * Connections for JoinGroup and SyncGroup, which the coordinator parks until the whole group has come: on a shared
 * connection they would hold up each other. Members of one group that join at the same time are let in together or wait
 * together, in their order: else two groups, each with a part of the connections, would wait for their own others.
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
   * Resolves when a connection to the broker is free. `together`: how many members of the group join now, this one
   * included. Rejects with a TransportError if the broker is not known.
   */
  async take(brokerId: number, group: string, together: number): Promise<JoinConnection> {
    let pool = this.#pools.get(brokerId)
    if (pool === undefined) {
      pool = { free: [], made: 0, promised: 0, inside: new Set(), queue: [] }
      this.#pools.set(brokerId, pool)
    }
    const { party, index } = await this.#place(pool, group, Math.min(together, this.#limit))
    const release = () => this.#release(pool, party, index)
    try {
      return { channel: this.#brokers.channel(brokerId, 'join', index), release }
    } catch (error) {
      release()
      throw error
    }
  }

  /** Whether one more could be had at once. */
  hasRoom(brokerId: number): boolean {
    return (this.#pools.get(brokerId)?.promised ?? 0) < this.#limit
  }

  #place(pool: Pool, group: string, together: number): Promise<{ party: Party; index: number }> {
    const isTheirs = (party: Party) => party.group === group && party.left > party.waiting.length
    let party = [...pool.inside, ...pool.queue].find(isTheirs)
    if (party === undefined) pool.queue.push((party = { group, left: together, taken: 0, waiting: [] }))
    const theirs = party
    return new Promise(resolve => {
      theirs.waiting.push(index => resolve({ party: theirs, index }))
      if (pool.inside.has(theirs)) serve(pool, theirs)
      else this.#admit(pool)
    })
  }

  #admit(pool: Pool): void {
    for (let [first] = pool.queue; first !== undefined; [first] = pool.queue) {
      if (pool.promised + first.left > this.#limit) return
      pool.queue.shift()
      pool.promised += first.left
      pool.inside.add(first)
      serve(pool, first)
    }
  }

  /** When the last of a party has left, those of it that never came lose their claim. */
  #release(pool: Pool, party: Party, index: number): void {
    pool.free.push(index)
    pool.promised--
    if (--party.taken === 0) {
      pool.promised -= party.left
      pool.inside.delete(party)
    }
    this.#admit(pool)
  }
}

/** The connection used last goes first, so that the others may be closed when idle. */
function serve(pool: Pool, party: Party): void {
  for (const take of party.waiting.splice(0)) {
    party.left--
    party.taken++
    take(pool.free.pop() ?? pool.made++)
  }
}
