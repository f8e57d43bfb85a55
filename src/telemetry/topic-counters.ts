import { Cell } from './registry.ts'

export interface TopicCells {
  readonly produced: Cell
  readonly consumed: Cell
}

/** No topic can have this name. */
const OTHER_TOPICS = '(other)'
/** Topics whose counters may wait for the parent's word, which comes within milliseconds. */
const ASKED_LIMIT = 1000

/**
 * Counters by topic: the first `limit` topics in use have their own, the others share one. Several processes agree on the
 * topics through their parent, or the sum of their counters would lack what one of them has put with the others.
 */
export class TopicCounters {
  readonly #limit: number
  readonly #cellsOf: (label: string) => TopicCells
  readonly #named = new Map<string, TopicCells>()
  /** Counted aside until the parent has said whether they are named. */
  readonly #asked = new Map<string, TopicCells>()
  #ask: ((topic: string) => void) | undefined
  /** There will be no more named topics than those that are known. */
  #isFull = false

  /** `cellsOf` makes the counters that are shown under a label. A limit of 0: there are none at all. */
  constructor(limit: number, cellsOf: (label: string) => TopicCells) {
    this.#limit = limit
    this.#cellsOf = cellsOf
  }

  /** From now on the parent names topics: it is asked by `ask`, and answers by {@link name}. */
  agree(ask: (topic: string) => void): void {
    this.#ask = ask
  }

  of(topic: string): TopicCells | undefined {
    if (this.#limit === 0) return undefined
    const known = this.#named.get(topic) ?? this.#asked.get(topic)
    if (known !== undefined) return known
    if (this.#isFull || this.#named.size >= this.#limit || this.#asked.size >= ASKED_LIMIT)
      return this.#cellsOf(OTHER_TOPICS)
    if (this.#ask === undefined) return this.#name(topic)
    const aside = { produced: new Cell(), consumed: new Cell() }
    this.#asked.set(topic, aside)
    this.#ask(topic)
    return aside
  }

  /** These topics are named; all that will ever be if `areAll`. */
  name({ names, areAll }: NamedTopics): void {
    for (const topic of names) this.#name(topic)
    if (!areAll) return
    this.#isFull = true
    for (const topic of this.#asked.keys()) this.#settle(topic, this.#cellsOf(OTHER_TOPICS))
  }

  #name(topic: string): TopicCells {
    const cells = this.#cellsOf(topic)
    this.#named.set(topic, cells)
    this.#settle(topic, cells)
    return cells
  }

  #settle(topic: string, cells: TopicCells): void {
    const aside = this.#asked.get(topic)
    if (aside === undefined) return
    this.#asked.delete(topic)
    cells.produced.add(aside.produced.value)
    cells.consumed.add(aside.consumed.value)
  }
}

/** What a parent answers to a worker that asks for a topic. */
export interface NamedTopics {
  readonly names: readonly string[]
  readonly areAll: boolean
}

/** The topics that all workers of an instance name: the first that any of them asks for. */
export class TopicNames {
  readonly #limit: number
  readonly #names = new Set<string>()

  constructor(limit: number) {
    this.#limit = limit
  }

  ask(topic: string): NamedTopics {
    if (this.#names.size < this.#limit) this.#names.add(topic)
    return this.#names.size < this.#limit
      ? { names: [topic], areAll: false }
      : { names: [...this.#names], areAll: true }
  }
}
