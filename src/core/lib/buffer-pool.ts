/** Smaller buffers are cheap to make anew. */
const SMALLEST_BYTES = 16 * 1024
/** Larger ones are rare, and would hold too much of the pool. */
const LARGEST_BYTES = 8 * 1024 * 1024
/** Sizes between one power of two and the next: a new buffer wastes a quarter at most. */
const CLASSES_PER_DOUBLING = 4
/** A free buffer of up to so many times the size is better than a new one. */
const MOST_TIMES = 2
/** What nobody has needed for so long is left to the garbage collector. */
const TRIM_AFTER_MS = 5000

/**
 * Large buffers that are used again. Memory outside of V8's heap makes it collect the whole heap the sooner: at some hundred
 * kilobytes a request, collecting took a third of the processor time.
 */
export class BufferPool {
  readonly #limitBytes: number
  /** By size, those first that have been of no use for longest. */
  readonly #free = new Map<number, Buffer[]>()
  /** Given out and not yet back. */
  readonly #lent = new WeakSet<ArrayBufferLike>()
  #heldBytes = 0
  /** The lowest that `#heldBytes` has been since the last trimming: so much was never needed. */
  #leastBytes = 0
  /** Runs while the pool holds anything. */
  #trimming: NodeJS.Timeout | undefined

  /** @param limitBytes what is kept unused at most */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** At least so many bytes, with anything in them. */
  take(bytes: number): Buffer {
    if (bytes < SMALLEST_BYTES || bytes > LARGEST_BYTES) return Buffer.allocUnsafe(bytes)
    const size = sizeOf(bytes)
    const buffer = this.#takeFree(size) ?? Buffer.allocUnsafeSlow(size)
    this.#lent.add(buffer.buffer)
    return buffer
  }

  /**
   * Takes back what {@link take} gave, by any view of it. Nobody may touch it from now on: it will hold another caller's
   * bytes. Memory that is not the pool's, or that is back already, is left alone.
   */
  give({ buffer: memory }: Buffer): void {
    if (!this.#lent.delete(memory)) return
    const size = memory.byteLength
    const free = this.#free.get(size) ?? []
    free.push(Buffer.from(memory))
    this.#free.delete(size)
    this.#free.set(size, free)
    this.#heldBytes += size
    while (this.#heldBytes > this.#limitBytes) this.#dropOldest()
    this.#trimming ??= setInterval(() => this.#trim(), TRIM_AFTER_MS).unref()
  }

  #takeFree(least: number): Buffer | undefined {
    for (let size = least; size <= least * MOST_TIMES; size = sizeOf(size + 1)) {
      const buffer = this.#free.get(size)?.pop()
      if (buffer === undefined) continue
      this.#heldBytes -= size
      this.#leastBytes = Math.min(this.#leastBytes, this.#heldBytes)
      return buffer
    }
    return undefined
  }

  #trim(): void {
    for (const end = this.#heldBytes - this.#leastBytes; this.#heldBytes > end;) this.#dropOldest()
    this.#leastBytes = this.#heldBytes
    if (this.#heldBytes > 0) return
    clearInterval(this.#trimming)
    this.#trimming = undefined
  }

  /** Sizes that nobody asks for any more must not keep out those that are asked for now. */
  #dropOldest(): void {
    for (const [size, free] of this.#free) {
      if (free.pop() !== undefined) {
        this.#heldBytes -= size
        return
      }
      this.#free.delete(size)
    }
  }
}

/** The next of the sizes that the pool keeps: buffers of nearly the same length stand in for each other. */
function sizeOf(bytes: number): number {
  const power = 2 ** Math.floor(Math.log2(bytes))
  const step = power / CLASSES_PER_DOUBLING
  return Math.ceil(bytes / step) * step
}
