import type { Access, Operation, ResourceKind } from '../core/principal.ts'

export interface Grant {
  readonly operations: readonly string[]
  /** Literal names, or prefixes with `*` at the end. */
  readonly topics: readonly string[]
  readonly consumerGroups?: readonly string[]
}

interface NamedGrant {
  readonly operations: readonly string[]
  readonly names: readonly string[]
}

const BITS: Readonly<Record<Operation, number>> = { read: 1, write: 2, create: 4, delete: 8, describe: 16, alter: 32 }
/** Operations that imply `describe`, as in Kafka. `create` does not. */
const SHOWING = BITS.read | BITS.write | BITS.delete | BITS.alter

/** The union of grants. */
export class TopicGrants implements Access {
  readonly #topics: NameGrants
  readonly #consumerGroups: NameGrants

  constructor(grants: readonly Grant[]) {
    this.#topics = new NameGrants(grants.map(({ operations, topics }) => ({ operations, names: topics })))
    this.#consumerGroups = new NameGrants(
      grants.map(({ operations, consumerGroups = [] }) => ({ operations, names: consumerGroups }))
    )
  }

  allows(operation: Operation, kind: ResourceKind, name: string): boolean {
    if (kind === 'topic') return this.#topics.allow(operation, name)
    return kind === 'consumerGroup' && this.#consumerGroups.allow(operation, name)
  }
}

/** Grants on one kind of resource. For the hot path: one lookup for the name, and one for each length of prefixes. */
class NameGrants {
  readonly #literal = new Map<string, number>()
  readonly #prefixes = new Map<string, number>()
  readonly #lengths: readonly number[]

  constructor(grants: readonly NamedGrant[]) {
    for (const { operations, names } of grants) {
      const bits = bitsOf(operations)
      for (const name of names) {
        const [map, key] = name.endsWith('*') ? [this.#prefixes, name.slice(0, -1)] : [this.#literal, name]
        map.set(key, (map.get(key) ?? 0) | bits)
      }
    }
    this.#lengths = [...new Set([...this.#prefixes.keys()].map(prefix => prefix.length))].toSorted((a, b) => a - b)
  }

  allow(operation: Operation, name: string): boolean {
    const bit = BITS[operation]
    if (((this.#literal.get(name) ?? 0) & bit) !== 0) return true
    return this.#lengths.some(
      length => length <= name.length && ((this.#prefixes.get(name.slice(0, length)) ?? 0) & bit) !== 0
    )
  }
}

function bitsOf(operations: readonly string[]): number {
  const given = Object.entries(BITS).reduce((bits, [name, bit]) => (operations.includes(name) ? bits | bit : bits), 0)
  return (given & SHOWING) === 0 ? given : given | BITS.describe
}
