import type { PartitionMetadata } from '../metadata/topic-metadata.ts'

const LIMIT_SETS = 10_000

/**
 * Assigns each partition one of the connections to its leader: the same one to all partitions with the same replicas. A broker
 * answers the requests of a connection in order, and with acks=all only when the slowest in-sync follower has the records.
 * So partitions with the same followers may share a connection; others would wait for a follower that is not theirs.
 */
export class ReplicaLanes {
  readonly #count: number
  readonly #lanes = new Map<string, number>()
  readonly #known = new WeakMap<PartitionMetadata, number>()
  /** By leader: the replica sets seen so far. */
  readonly #sets = new Map<number, number>()

  /** @param count connections to a broker */
  constructor(count: number) {
    this.#count = count
  }

  of(partition: PartitionMetadata): number {
    const known = this.#known.get(partition)
    if (known !== undefined) return known
    const lane = this.#laneOf(partition)
    this.#known.set(partition, lane)
    return lane
  }

  #laneOf({ leader, replicas }: PartitionMetadata): number {
    const name = `${leader}:${replicas.toSorted((one, other) => one - other).join(',')}`
    const known = this.#lanes.get(name)
    if (known !== undefined) return known
    if (this.#lanes.size >= LIMIT_SETS) this.#lanes.clear()
    const number = this.#sets.get(leader) ?? 0
    this.#sets.set(leader, number + 1)
    const lane = number % this.#count
    this.#lanes.set(name, lane)
    return lane
  }
}
