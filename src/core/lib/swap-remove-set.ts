/** A member of a {@link SwapRemoveSet}. */
export interface SwapRemoveMember {
  /** Its index in the set, which keeps it up to date; −1 outside of any. */
  indexInSet: number
}

/**
 * An unordered set of objects that come and go with every request: removing one moves the last into its place. A `Set` would
 * do but for V8's garbage collector: each table that a Set has outgrown points to the next, and keeps its former members
 * alive. Once such a table is in the old generation, no young collection frees them, and nearly all that requests allocate
 * is moved to the old generation, in pauses of 10 ms.
 */
export class SwapRemoveSet<T extends SwapRemoveMember> {
  readonly #members: T[] = []

  get size(): number {
    return this.#members.length
  }

  add(member: T): void {
    member.indexInSet = this.#members.push(member) - 1
  }

  /** Does nothing if it is not in the set. */
  delete(member: T): void {
    const { indexInSet } = member
    if (indexInSet < 0) return
    member.indexInSet = -1
    const last = this.#members.pop()
    if (last === undefined || last === member) return
    this.#members[indexInSet] = last
    last.indexInSet = indexInSet
  }

  /** Returns a copy: members may come and go while it is walked. */
  members(): readonly T[] {
    return this.#members.slice()
  }
}
