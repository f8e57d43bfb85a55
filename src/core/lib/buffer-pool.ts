/** Smaller buffers are cheap to make anew. */
const SMALLEST_BYTES = 16 * 1024
/** Larger ones are rare, and would hold too much of the pool. */
const LARGEST_BYTES = 8 * 1024 * 1024
/** Sizes between one power of two and the next: a quarter is wasted at most. */
const CLASSES_PER_DOUBLING = 4

/**
 * Large buffers that are used again. Memory outside of V8's heap makes it collect the whole heap the sooner: at some hundred
 * kilobytes a request, collecting took a third of the processor time.
 */
export class BufferPool {
  readonly #limitBytes: number
  /** By size. */
  readonly #free = new Map<number, Buffer[]>()
  /** Given out and not yet back. */
  readonly #lent = new WeakSet<ArrayBufferLike>()
  #heldBytes = 0

  /** @param limitBytes what is kept unused at most */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** At least so many bytes, with anything in them. */
  take(bytes: number): Buffer {
    if (bytes < SMALLEST_BYTES || bytes > LARGEST_BYTES) return Buffer.allocUnsafe(bytes)
    const size = sizeOf(bytes)
    let buffer = this.#free.get(size)?.pop()
    if (buffer === undefined) buffer = Buffer.allocUnsafeSlow(size)
    else this.#heldBytes -= size
    this.#lent.add(buffer.buffer)
    return buffer
  }

  /**
   * Takes back what {@link take} gave, by any view of it. Nobody may touch it from now on: it will hold another caller's
   * bytes. Memory that is not the pool's, or that is back already, is left alone.
   */
  give({ buffer: memory }: Buffer): void {
    if (!this.#lent.delete(memory) || this.#heldBytes + memory.byteLength > this.#limitBytes) return
    this.#heldBytes += memory.byteLength
    const free = this.#free.get(memory.byteLength)
    if (free === undefined) this.#free.set(memory.byteLength, [Buffer.from(memory)])
    else free.push(Buffer.from(memory))
  }
}

/** The next of the sizes that the pool keeps: buffers of nearly the same length stand in for each other. */
function sizeOf(bytes: number): number {
  const power = 2 ** Math.floor(Math.log2(bytes))
  const step = power / CLASSES_PER_DOUBLING
  return Math.ceil(bytes / step) * step
}
