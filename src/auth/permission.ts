import type { CallerIdentity } from '../core/kafka-identity.ts'
import type { Principal, Access } from '../core/principal.ts'
import type { Caller } from './caller.ts'
import type { GraphMembership } from './graph-membership.ts'
import type { KafkaMap } from './kafka-map.ts'
import type { Policy } from './policy.ts'

interface Admission {
  readonly groups: readonly string[]
  readonly principal: Principal | null
}

const NO_GROUPS: readonly string[] = []

/** Decides what a caller may do, by their token and, if that has no groups, by Graph. */
export class Permission {
  readonly policy: Policy
  readonly #graph: GraphMembership | null
  readonly #map: KafkaMap | undefined
  /** Decisions by caller, valid for the same answer of Graph. */
  readonly #admissions = new WeakMap<Caller, Admission>()

  /** `map`: as whom callers act in Kafka who bring nothing that Kafka could judge. */
  constructor(policy: Policy, graph: GraphMembership | null, map?: KafkaMap) {
    this.policy = policy
    this.#map = map
    this.#graph = graph
  }

  /** Decides without asking Graph. Returns null for a caller who is not let in, undefined if Graph must be asked. */
  known(caller: Caller): Principal | null | undefined {
    if (!this.#needsGraph(caller)) return this.#admit(caller, NO_GROUPS)
    const groups = this.#graph?.known(caller)
    return groups === undefined ? undefined : this.#admit(caller, groups)
  }

  /** Decides. Returns null for a caller who is not let in. Throws IDENTITY_UNAVAILABLE if Graph must be asked and fails. */
  async admit(caller: Caller): Promise<Principal | null> {
    const groups = this.#graph !== null && this.#needsGraph(caller) ? await this.#graph.groupsOf(caller) : NO_GROUPS
    return this.#admit(caller, groups)
  }

  #needsGraph({ graphSubject, identity }: Caller): boolean {
    if (this.#graph === null || graphSubject === null) return false
    return (
      (this.policy.hasRules || this.policy.mapsGroups || !identity.member) &&
      this.policy.groupIdsFor(identity.issuer).length > 0
    )
  }

  #admit(caller: Caller, groups: readonly string[]): Principal | null {
    const made = this.#admissions.get(caller)
    if (made?.groups === groups) return made.principal
    const access = caller.unmet === null ? this.#accessOf(caller, groups) : null
    const principal = access === null ? null : principalOf(caller, access, this.#kafkaOf(caller, groups))
    this.#admissions.set(caller, { groups, principal })
    return principal
  }

  #kafkaOf({ identity, kafka, kafkaName }: Caller, groups: readonly string[]): CallerIdentity | undefined {
    return kafka ?? this.#map?.of({ ...identity, groups: [...identity.groups, ...groups] }, kafkaName)
  }

  #accessOf({ identity }: Caller, groups: readonly string[]): Access | null {
    return this.policy.accessOf({
      ...identity,
      member: identity.member || groups.some(group => this.policy.isPermitted(identity.issuer, group)),
      groups: [...identity.groups, ...groups]
    })
  }
}

export function principalOf(
  { identity: { id, issuer }, appOnly, clientId }: Caller,
  access: Access,
  kafka?: CallerIdentity
): Principal {
  return Object.freeze({
    id,
    issuer,
    appOnly,
    ...(clientId === undefined ? {} : { clientId }),
    access,
    ...(kafka === undefined ? {} : { kafka })
  })
}
