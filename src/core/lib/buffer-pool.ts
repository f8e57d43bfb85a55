/** Smaller buffers are cheap to make anew. */
const SMALLEST_BYTES = 16 * 1024
/** Larger ones are rare, and would hold too much of the pool. */
const LARGEST_BYTES = 1024 * 1024
const STEP_BYTES = 16 * 1024

/**
 * Large buffers that are used again. Memory outside of V8's heap makes it collect the whole heap the sooner: at some hundred
 * kilobytes a request, collecting took a third of the processor time.
 */
export class BufferPool {
  readonly #limitBytes: number
  /** By size, in steps. */
  readonly #free: Buffer[][] = []
  /** Given out and not yet back. */
  readonly #lent = new WeakSet<ArrayBufferLike>()
  #heldBytes = 0

  /** @param limitBytes what is kept unused at most */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  /** At least so many bytes, with anything in them. */
  take(bytes: number): Buffer {
    if (bytes < SMALLEST_BYTES || bytes > LARGEST_BYTES) return Buffer.allocUnsafeSlow(bytes)
    const steps = Math.ceil(bytes / STEP_BYTES)
    let buffer = this.#free[steps]?.pop()
    if (buffer === undefined) buffer = Buffer.allocUnsafeSlow(steps * STEP_BYTES)
    else this.#heldBytes -= buffer.length
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
    ;(this.#free[memory.byteLength / STEP_BYTES] ??= []).push(Buffer.from(memory))
  }
}
