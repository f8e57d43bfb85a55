import type { Principal, Access } from '../core/principal.ts'
import type { Caller } from './caller.ts'
import type { GraphMembership } from './graph-membership.ts'
import type { Policy } from './policy.ts'

interface Admission {
  readonly groups: readonly string[]
  readonly principal: Principal | null
}

const NO_GROUPS: readonly string[] = []

/** From a caller to what they may do, by their token and, where that is silent, by Graph. */
export class Permission {
  readonly policy: Policy
  readonly #graph: GraphMembership | null
  /** What was decided for a caller, as long as Graph's answer is the same. */
  readonly #admissions = new WeakMap<Caller, Admission>()

  constructor(policy: Policy, graph: GraphMembership | null) {
    this.policy = policy
    this.#graph = graph
  }

  /** Decided without asking anybody: null for somebody who is not let in, undefined where it is not known. */
  known(caller: Caller): Principal | null | undefined {
    if (!this.#needsGraph(caller)) return this.#admit(caller, NO_GROUPS)
    const groups = this.#graph?.known(caller)
    return groups === undefined ? undefined : this.#admit(caller, groups)
  }

  /** Null for somebody who is not let in. Throws IDENTITY_UNAVAILABLE where Graph would have to say and does not. */
  async admit(caller: Caller): Promise<Principal | null> {
    const groups = this.#graph !== null && this.#needsGraph(caller) ? await this.#graph.groupsOf(caller) : NO_GROUPS
    return this.#admit(caller, groups)
  }

  #needsGraph({ unsaid, identity }: Caller): boolean {
    if (this.#graph === null || unsaid === null) return false
    return (this.policy.hasRules || !identity.member) && this.policy.groupIdsFor(identity.issuer).length > 0
  }

  #admit(caller: Caller, groups: readonly string[]): Principal | null {
    const made = this.#admissions.get(caller)
    if (made?.groups === groups) return made.principal
    const access = caller.unmet === null ? this.#accessOf(caller, groups) : null
    const principal = access === null ? null : principalOf(caller, access)
    this.#admissions.set(caller, { groups, principal })
    return principal
  }

  #accessOf({ identity }: Caller, groups: readonly string[]): Access | null {
    return this.policy.accessOf({
      ...identity,
      member: identity.member || groups.some(group => this.policy.isPermitted(identity.issuer, group)),
      groups: [...identity.groups, ...groups]
    })
  }
}

export function principalOf({ identity: { id, issuer }, appOnly, clientId }: Caller, access: Access): Principal {
  return Object.freeze({ id, issuer, appOnly, ...(clientId === undefined ? {} : { clientId }), access })
}
