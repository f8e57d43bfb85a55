/** What is in a bag keeps its place there; −1 while it is in none. */
export interface Bagged {
  place: number
}

/**
 * A set, in no order, of objects that come and go with every request. A `Set` would do but for V8's garbage collector: each
 * table that a Set has used up points to the next, and holds what was in it then. Once one of them is old, no young
 * collection frees any of it: nearly all that requests had allocated was moved to the old generation, by pauses of 10 ms.
 */
export class Bag<T extends Bagged> {
  readonly #members: T[] = []

  get size(): number {
    return this.#members.length
  }

  add(member: T): void {
    member.place = this.#members.push(member) - 1
  }

  /** Does nothing where it is not in the bag. */
  delete(member: T): void {
    const { place } = member
    if (place < 0) return
    member.place = -1
    const last = this.#members.pop()
    if (last === undefined || last === member) return
    this.#members[place] = last
    last.place = place
  }

  /** All that are in it now, whatever comes or goes meanwhile. */
  members(): readonly T[] {
    return this.#members.slice()
  }
}
