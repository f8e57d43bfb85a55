import { BufferPool } from '../core/lib/buffer-pool.ts'

const POOL_BYTES = 16 * 1024 * 1024
const pool = new BufferPool(POOL_BYTES)
/** First size if the length is not declared. */
const FIRST_BYTES = 16 * 1024

/**
 * Collects the chunks of a body in one buffer. A declared length is allocated once, a single chunk is used as it is, and any
 * other buffer doubles: memory stays in proportion to the bytes, however small the chunks.
 */
export class BodyBuffer {
  readonly #declaredBytes: number
  #bytes: Buffer | undefined
  #length = 0

  /** @param declaredBytes −1 if unknown */
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

  /** Returns what was appended. The caller owns the buffer until {@link release}. */
  take(): Buffer {
    return this.#bytes === undefined ? Buffer.alloc(0) : this.#bytes.subarray(0, this.#length)
  }

  /** Gives the memory back to the pool: another body will overwrite it. */
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
