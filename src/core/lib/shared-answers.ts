interface UnderWay<Answer> {
  readonly current: Promise<Answer>
  next: Promise<Answer> | undefined
}

/**
 * Has callers with the same question share an answer that is never older than their question: while one is under way, all who
 * ask wait for the next, of which there is one.
 */
export class SharedAnswers<Answer> {
  readonly #underWay = new Map<string, UnderWay<Answer>>()

  /** Asks about `name`, by `ask`, or by that of another caller that begins after this call. */
  of(name: string, ask: () => Promise<Answer>): Promise<Answer> {
    const known = this.#underWay.get(name)
    if (known === undefined) return this.#begin(name, ask)
    const again = () => this.#begin(name, ask)
    return (known.next ??= known.current.then(again, again))
  }

  #begin(name: string, ask: () => Promise<Answer>): Promise<Answer> {
    const own: UnderWay<Answer> = { current: ask(), next: undefined }
    this.#underWay.set(name, own)
    const over = () => {
      if (own.next === undefined) this.#underWay.delete(name)
    }
    own.current.then(over, over)
    return own.current
  }
}
