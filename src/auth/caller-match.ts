import type { RuleConfig } from '../config/auth-schema.ts'
import { type IssuerNames, isReservedIssuer, issuersNamed } from '../config/issuers.ts'
import { canonicalId } from '../core/lib/guid.ts'

/** What can be said of a caller to name them. */
export interface Named {
  readonly issuer: string
  readonly id: string
  readonly groups: readonly string[]
  readonly roles: readonly string[]
}

/** How an entry of the configuration names callers. */
export type NamesConfig = Pick<RuleConfig, 'issuers' | 'principals' | 'groups' | 'roles'>

/** Tells whom an entry of the configuration names. */
export class CallerMatch {
  readonly #anyToken: boolean
  readonly #issuers: ReadonlySet<string>
  readonly #principals: ReadonlySet<string>
  readonly #groups: ReadonlySet<string>
  readonly #roles: ReadonlySet<string>

  constructor({ issuers, principals, groups, roles }: NamesConfig, providers: readonly IssuerNames[]) {
    this.#anyToken = issuers.length === 0
    this.#issuers = new Set(
      issuers.flatMap(issuer => (isReservedIssuer(issuer) ? [issuer] : issuersNamed(issuer, providers)))
    )
    this.#principals = new Set(principals.map(canonicalId))
    this.#groups = new Set(groups.map(canonicalId))
    this.#roles = new Set(roles)
  }

  /** Returns whether it is about callers of this issuer. Without `issuers` it is about those of tokens only. */
  holdsFor(issuer: string): boolean {
    return this.#anyToken ? !isReservedIssuer(issuer) : this.#issuers.has(issuer)
  }

  names({ issuer, id, groups, roles }: Named): boolean {
    if (!this.holdsFor(issuer)) return false
    return (
      this.#principals.has(canonicalId(id)) ||
      groups.some(group => this.#groups.has(canonicalId(group))) ||
      roles.some(role => this.#roles.has(role))
    )
  }
}
