import { BufferPool } from '../core/lib/buffer-pool.ts'

const POOL_BYTES = 16 * 1024 * 1024
const pool = new BufferPool(POOL_BYTES)
/** First size where the length is not declared. */
const FIRST_BYTES = 16 * 1024

/**
 * A body that grows by chunks into one buffer: allocated once where the length is declared, the chunk itself where it is the
 * only one, else doubled. Memory stays in proportion to the bytes, however small the chunks.
 */
export class BodyBuffer {
  readonly #declaredBytes: number
  #bytes: Buffer | undefined
  #length = 0

  /** `declaredBytes`: −1 when unknown. */
  constructor(declaredBytes: number) {
    this.#declaredBytes = declaredBytes
  }

  append(chunk: Buffer): void {
    const length = this.#length + chunk.length
    if (this.#length === 0 && length === this.#declaredBytes) {
      this.#bytes = chunk
    } else {
      this.#reserve(length)
      this.#bytes?.set(chunk, this.#length)
    }
    this.#length = length
  }

  /** What was appended; the buffer is the taker's to change, until it is released. */
  take(): Buffer {
    return this.#bytes === undefined ? Buffer.alloc(0) : this.#bytes.subarray(0, this.#length)
  }

  /** The taker needs the bytes no more: they will hold another caller's. */
  release(): void {
    if (this.#bytes !== undefined) pool.give(this.#bytes)
    this.#bytes = undefined
  }

  #reserve(length: number): void {
    if (this.#bytes !== undefined && length <= this.#bytes.length) return
    const held = this.#bytes
    const wanted = this.#declaredBytes > 0 ? this.#declaredBytes : held === undefined ? FIRST_BYTES : held.length * 2
    this.#bytes = pool.take(Math.max(length, wanted))
    held?.copy(this.#bytes, 0, 0, this.#length)
    if (held !== undefined) pool.give(held)
  }
}
