import type { Caller } from './caller.ts'
import type { GraphMembership } from './graph-membership.ts'

/** Membership in any permitted group lets a caller in, by their token or, where that is silent, by Graph. */
export class Permission {
  readonly #graph: GraphMembership | null

  constructor(graph: GraphMembership | null) {
    this.#graph = graph
  }

  /** Decided without asking anybody; false where it is not known. */
  isKnownMember({ principal, membership }: Caller): boolean {
    return membership === 'member' || (membership === 'unsaid' && this.#graph?.known(principal) === true)
  }

  /** Throws IDENTITY_UNAVAILABLE where Graph would have to say and does not. */
  async isMember({ principal, membership }: Caller): Promise<boolean> {
    if (membership !== 'unsaid' || this.#graph === null) return membership === 'member'
    return this.#graph.isMember(principal)
  }
}
