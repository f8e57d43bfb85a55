/** Smaller buffers are cheap to allocate. */
const SMALLEST_BYTES = 16 * 1024
/** Larger buffers are rare and would fill the pool. */
const LARGEST_BYTES = 8 * 1024 * 1024
/** Size classes for each power of two: a new buffer wastes a quarter at most. */
const CLASSES_PER_DOUBLING = 4
/** A free buffer of up to this many times the size is used rather than a new one. */
const MOST_TIMES = 2
/** Buffers not needed for this long are left to the garbage collector. */
const TRIM_AFTER_MS = 5000

/**
 * A pool of large buffers. Memory outside of V8's heap makes V8 collect the whole heap more often: at some hundred kilobytes
 * a request, that took a third of the CPU time.
 */
export class BufferPool {
  readonly #limitBytes: number
  /** Free buffers by size. Sizes unused for longest come first. */
  readonly #free = new Map<number, Buffer[]>()
  /** Memory that is lent out. */
  readonly #lent = new WeakSet<ArrayBufferLike>()
  #heldBytes = 0
  /** The minimum of `#heldBytes` since the last trim: what was not needed meanwhile. */
  #leastBytes = 0
  /** Runs while the pool holds buffers. */
  #trimming: NodeJS.Timeout | undefined

  /** @param limitBytes limit of the free buffers together */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** Returns a buffer of at least `bytes`, with arbitrary content. */
  take(bytes: number): Buffer {
    if (bytes < SMALLEST_BYTES || bytes > LARGEST_BYTES) return Buffer.allocUnsafe(bytes)
    const size = sizeOf(bytes)
    const buffer = this.#takeFree(size) ?? Buffer.allocUnsafeSlow(size)
    this.#lent.add(buffer.buffer)
    return buffer
  }

  /**
   * Takes back what {@link take} returned, by any view of it. The caller must not use it afterwards: it will hold another
   * request's bytes. Ignores memory that is not lent out.
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

  /** Drops a buffer of the size unused for longest, so that old sizes make room for those in use. */
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

/** Rounds up to the next size class, so that buffers of similar length replace each other. */
function sizeOf(bytes: number): number {
  const power = 2 ** Math.floor(Math.log2(bytes))
  const step = power / CLASSES_PER_DOUBLING
  return Math.ceil(bytes / step) * step
}
