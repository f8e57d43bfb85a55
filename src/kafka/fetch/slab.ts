/** One large buffer that is filled once, from its beginning to its end, with what belongs to its entries. */
export class Slab<Entry> {
  readonly memory: Buffer
  readonly entries: Entry[] = []
  #usedBytes = 0
  #readers = 0
  readonly #giveBack = () => void this.#readers--

  constructor(memory: Buffer) {
    this.memory = memory
  }

  /** Somebody was lent what lies in it, and has not given it back. */
  get isRead(): boolean {
    return this.#readers > 0
  }

  hasRoomFor(bytes: number): boolean {
    return this.#usedBytes + bytes <= this.memory.length
  }

  /** There must be room. */
  copyOf(bytes: Buffer): Buffer {
    const start = this.#usedBytes
    this.#usedBytes += bytes.length
    bytes.copy(this.memory, start)
    return this.memory.subarray(start, this.#usedBytes)
  }

  /** Returns what is to be called, once, when the reader needs it no more. */
  lend(): () => void {
    this.#readers++
    return this.#giveBack
  }
}
