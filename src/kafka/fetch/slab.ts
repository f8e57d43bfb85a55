/** A large buffer that is filled once, from start to end, with the bytes of its entries. */
export class Slab<Entry> {
  readonly memory: Buffer
  readonly entries: Entry[] = []
  #usedBytes = 0
  #readers = 0
  readonly #giveBack = () => void this.#readers--

  constructor(memory: Buffer) {
    this.memory = memory
  }

  /** Somebody was lent bytes of it and has not returned them. */
  get isRead(): boolean {
    return this.#readers > 0
  }

  hasRoomFor(bytes: number): boolean {
    return this.#usedBytes + bytes <= this.memory.length
  }

  /** Copies the bytes in and returns the copy. Check {@link hasRoomFor} first. */
  copyOf(bytes: Buffer): Buffer {
    const start = this.#usedBytes
    this.#usedBytes += bytes.length
    bytes.copy(this.memory, start)
    return this.memory.subarray(start, this.#usedBytes)
  }

  /** Returns a function to call once, when the reader is done. */
  lend(): () => void {
    this.#readers++
    return this.#giveBack
  }
}
