import type { Access, Operation, ResourceKind } from '../core/principal.ts'

export interface Grant {
  readonly operations: readonly string[]
  /** Literal names, or prefixes with `*` at the end. */
  readonly topics: readonly string[]
}

const BITS: Readonly<Record<Operation, number>> = { read: 1, write: 2, create: 4, delete: 8, describe: 16, alter: 32 }
/** Operations that imply `describe`, as in Kafka. `create` does not. */
const SHOWING = BITS.read | BITS.write | BITS.delete | BITS.alter

/** The union of grants. For the hot path: one lookup for the name, and one for each length of prefixes. */
export class TopicGrants implements Access {
  readonly #literal = new Map<string, number>()
  readonly #prefixes = new Map<string, number>()
  readonly #lengths: readonly number[]

  constructor(grants: readonly Grant[]) {
    for (const { operations, topics } of grants) {
      const bits = bitsOf(operations)
      for (const topic of topics) {
        const [map, key] = topic.endsWith('*') ? [this.#prefixes, topic.slice(0, -1)] : [this.#literal, topic]
        map.set(key, (map.get(key) ?? 0) | bits)
      }
    }
    this.#lengths = [...new Set([...this.#prefixes.keys()].map(prefix => prefix.length))].toSorted((a, b) => a - b)
  }

  allows(operation: Operation, kind: ResourceKind, topic: string): boolean {
    if (kind !== 'topic') return false
    const bit = BITS[operation]
    if (((this.#literal.get(topic) ?? 0) & bit) !== 0) return true
    return this.#lengths.some(
      length => length <= topic.length && ((this.#prefixes.get(topic.slice(0, length)) ?? 0) & bit) !== 0
    )
  }
}

function bitsOf(operations: readonly string[]): number {
  const given = Object.entries(BITS).reduce((bits, [name, bit]) => (operations.includes(name) ? bits | bit : bits), 0)
  return (given & SHOWING) === 0 ? given : given | BITS.describe
}
