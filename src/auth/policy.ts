import type { OidcProviderConfig, RuleConfig } from '../config/auth-schema.ts'
import { type IssuerNames, issuersOf } from '../config/issuers.ts'
import type { AuthConfig } from '../config/schema.ts'
import { canonicalId, isGuid } from '../core/lib/guid.ts'
import { accessByKafka, accessWithoutRules, type Access } from '../core/principal.ts'
import { CallerMatch } from './caller-match.ts'
import { TopicGrants } from './topic-grants.ts'

/** The part of the configuration that says who may do what. A reload replaces it. */
export interface AccessConfig extends Pick<AuthConfig, 'permittedGroups' | 'rules'> {
  readonly oidc: readonly (IssuerNames & Pick<OidcProviderConfig, 'permittedGroups'>)[]
}

/** What rules can match of a caller. */
export interface Identity {
  readonly issuer: string
  readonly id: string
  /** Whether the caller is in a permitted group. */
  readonly member: boolean
  readonly groups: readonly string[]
  readonly roles: readonly string[]
}

const REMEMBERED_LIMIT = 1000

class CompiledRule extends CallerMatch {
  readonly config: RuleConfig

  constructor(config: RuleConfig, providers: readonly IssuerNames[]) {
    super(config, providers)
    this.config = config
  }
}

/**
 * The compiled groups and rules. Without rules a member may do everything, with rules what they grant. Where Kafka judges each
 * caller besides, everybody is let in as long as there are neither groups nor rules.
 */
export class Policy {
  readonly hasRules: boolean
  /** Whether groups decide as whom a caller acts in Kafka. */
  readonly mapsGroups: boolean
  readonly #isLeftToKafka: boolean
  readonly #accessOfMembers: Access
  /** The groups that let callers in, by issuer. */
  readonly #permitted: ReadonlyMap<string, ReadonlySet<string>>
  /** The groups that Graph can be asked about, by issuer. GUIDs only: another id would fail the whole call. */
  readonly #groupIds: ReadonlyMap<string, readonly string[]>
  readonly #groups: ReadonlySet<string>
  readonly #roles: ReadonlySet<string>
  readonly #rules: readonly CompiledRule[]
  /** Accesses by the numbers of the granting rules: most callers share a few combinations. */
  readonly #accesses = new Map<string, Access>()

  /**
   * `kafkaJudges`: Kafka judges each caller besides. `mappedGroups` decide about that, so they are asked for too.
   */
  constructor(
    { permittedGroups, rules, oidc }: AccessConfig,
    kafkaJudges = false,
    mappedGroups: readonly string[] = []
  ) {
    this.hasRules = rules.length > 0
    this.#accessOfMembers = kafkaJudges ? accessByKafka : accessWithoutRules
    this.mapsGroups = mappedGroups.length > 0
    this.#groups = new Set([...rules.flatMap(({ groups }) => groups), ...mappedGroups].map(canonicalId))
    this.#roles = new Set(rules.flatMap(({ roles }) => roles))
    this.#rules = rules.map(rule => new CompiledRule(rule, oidc))
    this.#permitted = new Map(
      oidc.flatMap(provider => {
        const own = new Set([...permittedGroups, ...(provider.permittedGroups ?? [])].map(canonicalId))
        return issuersOf(provider).map(issuer => [issuer, own])
      })
    )
    this.#isLeftToKafka = kafkaJudges && !this.hasRules && permittedGroups.length === 0 && this.#namesNoGroup()
    this.#groupIds = new Map(
      [...this.#permitted].map(([issuer, own]) => [
        issuer,
        [...new Set([...own, ...this.#groupsOfRules(issuer), ...mappedGroups.map(canonicalId)])].filter(isGuid)
      ])
    )
  }

  /** Returns whether membership in the group lets callers of the issuer in. */
  isPermitted(issuer: string, group: string): boolean {
    return this.#permitted.get(issuer)?.has(canonicalId(group)) === true
  }

  /** Returns the groups that Graph can be asked about for callers of the issuer. */
  groupIdsFor(issuer: string): readonly string[] {
    return this.#groupIds.get(issuer) ?? []
  }

  /** Returns whether a rule names the group. Others of a caller's groups, maybe hundreds, need not be kept. */
  namesGroup(group: string): boolean {
    return this.#groups.has(canonicalId(group))
  }

  namesRole(role: string): boolean {
    return this.#roles.has(role)
  }

  /** Returns what a caller may do; null if they are not let in: in no permitted group, and named by no rule. */
  accessOf(identity: Identity): Access | null {
    if (!this.hasRules) return identity.member || this.#isLeftToKafka ? this.#accessOfMembers : null
    const numbers = this.rulesFor(identity)
    return numbers.length === 0 && !identity.member ? null : this.#accessBy(numbers)
  }

  /** Returns the numbers, from 0, of the rules that name a caller. */
  rulesFor(identity: Identity): number[] {
    return this.#rules.flatMap((rule, number) => (rule.names(identity) ? [number] : []))
  }

  #namesNoGroup(): boolean {
    return [...this.#permitted.values()].every(groups => groups.size === 0)
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
