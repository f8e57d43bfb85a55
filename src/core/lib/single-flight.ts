/** Has callers with the same question wait for one answer: whoever asks while it is under way joins it. */
export class SingleFlight<Answer> {
  readonly #underWay = new Map<string, Promise<Answer>>()

  /** Whether an answer about `name` is under way. */
  has(name: string): boolean {
    return this.#underWay.has(name)
  }

  /** Returns the answer that is under way, or that of `ask`. */
  of(name: string, ask: () => Promise<Answer>): Promise<Answer> {
    const known = this.#underWay.get(name)
    if (known !== undefined) return known
    const asked = ask().finally(() => this.#underWay.delete(name))
    this.#underWay.set(name, asked)
    return asked
  }
}
