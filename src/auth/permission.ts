import type { GraphMembership } from './graph-membership.ts'
import type { Caller } from './token-verifier.ts'

/** Membership in any permitted group lets a caller in. */
export class Permission {
  readonly #permitted: readonly string[]
  readonly #graph: GraphMembership | null

  constructor(permittedGroups: readonly string[], graph: GraphMembership | null) {
    this.#permitted = permittedGroups
    this.#graph = graph
  }

  /** Decided without asking anybody; false where it is not known. */
  isKnownMember(caller: Caller): boolean {
    return this.#inToken(caller) || (caller.groupsElsewhere && this.#graph?.known(caller.principal) === true)
  }

  /** Throws IDENTITY_UNAVAILABLE where Graph would have to say and does not. */
  async isMember(caller: Caller): Promise<boolean> {
    if (this.#inToken(caller)) return true
    return caller.groupsElsewhere && this.#graph !== null && this.#graph.isMember(caller.principal)
  }

  #inToken({ groups }: Caller): boolean {
    return groups !== null && this.#permitted.some(group => groups.has(group))
  }
}
