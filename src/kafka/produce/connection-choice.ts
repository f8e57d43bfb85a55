import type { PartitionMetadata } from '../metadata/topic-metadata.ts'

const LIMIT_SETS = 10_000

/**
 * Assigns each partition one of the connections to its leader: the same one to all partitions with the same replicas. A broker
 * answers the requests of a connection in order, and with acks=all only when the slowest in-sync follower has the records.
 * So partitions with the same followers may share a connection; others would wait for a follower that is not theirs.
 */
export class ConnectionChoice {
  readonly #count: number
  readonly #bySet = new Map<string, number>()
  readonly #byPartition = new WeakMap<PartitionMetadata, number>()
  /** How many sets of replicas each leader has so far. */
  readonly #setCounts = new Map<number, number>()

  /** `count`: connections to a broker. */
  constructor(count: number) {
    this.#count = count
  }

  of(partition: PartitionMetadata): number {
    let connection = this.#byPartition.get(partition)
    if (connection === undefined) this.#byPartition.set(partition, (connection = this.#choose(partition)))
    return connection
  }

  #choose({ leader, replicas }: PartitionMetadata): number {
    const replicaSet = `${leader}:${replicas.toSorted((one, other) => one - other).join(',')}`
    let connection = this.#bySet.get(replicaSet)
    if (connection === undefined) {
      if (this.#bySet.size >= LIMIT_SETS) this.#bySet.clear()
      const setCount = this.#setCounts.get(leader) ?? 0
      this.#setCounts.set(leader, setCount + 1)
      connection = setCount % this.#count
      this.#bySet.set(replicaSet, connection)
    }
    return connection
  }
}
