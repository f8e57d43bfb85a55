import type { OidcProviderConfig, RuleConfig } from '../config/auth-schema.ts'
import { type IssuerNames, issuersNamed, issuersOf } from '../config/issuers.ts'
import type { AuthConfig } from '../config/schema.ts'
import { canonicalId, isGuid } from '../core/lib/guid.ts'
import { accessWithoutRules, type Access } from '../core/principal.ts'
import { TopicGrants } from './topic-grants.ts'

/** The part of the configuration that says who may do what; it can be replaced while the gateway runs. */
export interface AccessConfig extends Pick<AuthConfig, 'permittedGroups' | 'rules'> {
  readonly oidc: readonly (IssuerNames & Pick<OidcProviderConfig, 'permittedGroups'>)[]
}

/** What is known of a caller that a rule can ask for. */
export interface Identity {
  readonly issuer: string
  readonly id: string
  /** In a permitted group. */
  readonly member: boolean
  readonly groups: readonly string[]
  readonly roles: readonly string[]
}

const REMEMBERED_LIMIT = 1000

class CompiledRule {
  readonly config: RuleConfig
  readonly #issuers: ReadonlySet<string>
  readonly #principals: ReadonlySet<string>
  readonly #groups: ReadonlySet<string>
  readonly #roles: ReadonlySet<string>

  constructor(config: RuleConfig, providers: readonly IssuerNames[]) {
    this.config = config
    this.#issuers = new Set(config.issuers.flatMap(issuer => issuersNamed(issuer, providers)))
    this.#principals = new Set(config.principals.map(canonicalId))
    this.#groups = new Set(config.groups.map(canonicalId))
    this.#roles = new Set(config.roles)
  }

  /** Whether the rule is about callers of this issuer at all. */
  holdsFor(issuer: string): boolean {
    return this.config.issuers.length === 0 || this.#issuers.has(issuer)
  }

  names({ issuer, id, groups, roles }: Identity): boolean {
    if (!this.holdsFor(issuer)) return false
    return (
      this.#principals.has(canonicalId(id)) ||
      groups.some(group => this.#groups.has(canonicalId(group))) ||
      roles.some(role => this.#roles.has(role))
    )
  }
}

/** Who may do what, compiled once. Without rules a member may do everything, with rules only what they grant. */
export class Policy {
  readonly hasRules: boolean
  /** By issuer: the groups that let its callers in. */
  readonly #permitted: ReadonlyMap<string, ReadonlySet<string>>
  /** By issuer: the groups that Graph can be asked about. A malformed id would fail the whole call. */
  readonly #groupIds: ReadonlyMap<string, readonly string[]>
  readonly #groups: ReadonlySet<string>
  readonly #roles: ReadonlySet<string>
  readonly #rules: readonly CompiledRule[]
  /** By the numbers of the rules that name the caller: most callers share a few combinations. */
  readonly #accesses = new Map<string, Access>()

  constructor({ permittedGroups, rules, oidc }: AccessConfig) {
    this.hasRules = rules.length > 0
    this.#groups = new Set(rules.flatMap(({ groups }) => groups.map(canonicalId)))
    this.#roles = new Set(rules.flatMap(({ roles }) => roles))
    this.#rules = rules.map(rule => new CompiledRule(rule, oidc))
    this.#permitted = new Map(
      oidc.flatMap(provider => {
        const own = new Set([...permittedGroups, ...(provider.permittedGroups ?? [])].map(canonicalId))
        return issuersOf(provider).map(issuer => [issuer, own])
      })
    )
    this.#groupIds = new Map(
      [...this.#permitted].map(([issuer, own]) => [
        issuer,
        [...new Set([...own, ...this.#groupsOfRules(issuer)])].filter(isGuid)
      ])
    )
  }

  /** Whether membership in the group lets callers of the issuer in. */
  isPermitted(issuer: string, group: string): boolean {
    return this.#permitted.get(issuer)?.has(canonicalId(group)) === true
  }

  /** Returns the groups that Graph can be asked about for callers of the issuer. */
  groupIdsFor(issuer: string): readonly string[] {
    return this.#groupIds.get(issuer) ?? []
  }

  /** Worth keeping of a caller's groups, of which there may be hundreds. */
  namesGroup(group: string): boolean {
    return this.#groups.has(canonicalId(group))
  }

  namesRole(role: string): boolean {
    return this.#roles.has(role)
  }

  /** Null: not let in at all. Whoever is in a permitted group or named by a rule is let in. */
  accessOf(identity: Identity): Access | null {
    if (!this.hasRules) return identity.member ? accessWithoutRules : null
    const numbers = this.rulesFor(identity)
    return numbers.length === 0 && !identity.member ? null : this.#accessBy(numbers)
  }

  /** Numbers, from 0, of the rules that name a caller. */
  rulesFor(identity: Identity): number[] {
    return this.#rules.flatMap((rule, number) => (rule.names(identity) ? [number] : []))
  }

  #groupsOfRules(issuer: string): string[] {
    return this.#rules.filter(rule => rule.holdsFor(issuer)).flatMap(({ config }) => config.groups.map(canonicalId))
  }

  #accessBy(numbers: readonly number[]): Access {
    const key = numbers.join()
    let access = this.#accesses.get(key)
    if (access === undefined) {
      access = new TopicGrants(numbers.map(number => this.#rules[number].config))
      if (this.#accesses.size >= REMEMBERED_LIMIT) this.#accesses.clear()
      this.#accesses.set(key, access)
    }
    return access
  }
}
