import { Cell } from './registry.ts'

export interface TopicCells {
  readonly produced: Cell
  readonly consumed: Cell
}

/** The label of all further topics; no topic can have this name. */
const OTHER_TOPICS = '(other)'
/** Limit of the topics that wait for the parent's answer, which comes within milliseconds. */
const ASKED_LIMIT = 1000

/**
 * Counters by topic: the first `limit` topics in use have their own, the others share one. Workers agree on the topics through
 * their parent: otherwise a topic's sum would lack what one worker counted among the others.
 */
export class TopicCounters {
  readonly #limit: number
  readonly #cellsOf: (label: string) => TopicCells
  readonly #named = new Map<string, TopicCells>()
  /** Counters of topics about which the parent was asked. */
  readonly #asked = new Map<string, TopicCells>()
  #ask: ((topic: string) => void) | undefined
  /** No further topic will get counters of its own. */
  #isFull = false

  /** `cellsOf` makes the counters for a label. A limit of 0 turns them off. */
  constructor(limit: number, cellsOf: (label: string) => TopicCells) {
    this.#limit = limit
    this.#cellsOf = cellsOf
  }

  /** Lets the parent choose the topics: `ask` asks it, and its answer goes to {@link name}. */
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

  /** Gives these topics counters of their own; no others will follow if `areAll`. */
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

/** The parent's answer to a worker that asks about a topic. */
export interface NamedTopics {
  readonly names: readonly string[]
  readonly areAll: boolean
}

/** Chooses the topics that have counters of their own in all workers: the first that any of them asks about. */
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
