/** Kafka reads no longer string, however its length is encoded. */
const STRING_LIMIT_BYTES = 32_767

/**
 * Writes the primitive types of Kafka's protocol into a buffer that grows as needed.
 * @see https://kafka.apache.org/protocol#protocol_types
 */
export class WireWriter {
  /** KIP-482: compact lengths and tagged fields. */
  readonly flexible: boolean
  #buffer: Buffer
  #length = 0
  /** Buffers of the caller, with the position in our own bytes at which each belongs. */
  readonly #references: { readonly at: number; readonly bytes: Buffer }[] = []

  constructor(flexible: boolean, capacityBytes = 256) {
    this.flexible = flexible
    this.#buffer = Buffer.allocUnsafe(capacityBytes)
  }

  int8(value: number): this {
    const at = this.#grow(1)
    this.#buffer.writeInt8(value, at)
    return this
  }

  int16(value: number): this {
    const at = this.#grow(2)
    this.#buffer.writeInt16BE(value, at)
    return this
  }

  int32(value: number): this {
    const at = this.#grow(4)
    this.#buffer.writeInt32BE(value, at)
    return this
  }

  int64(value: bigint): this {
    const at = this.#grow(8)
    this.#buffer.writeBigInt64BE(value, at)
    return this
  }

  uvarint(value: number): this {
    while (value > 0x7f) {
      const at = this.#grow(1)
      this.#buffer.writeUInt8((value & 0x7f) | 0x80, at)
      value >>>= 7
    }
    const at = this.#grow(1)
    this.#buffer.writeUInt8(value, at)
    return this
  }

  arrayLength(count: number): this {
    return this.flexible ? this.uvarint(count + 1) : this.int32(count)
  }

  string(value: string | null): this {
    if (value === null) return this.flexible ? this.uvarint(0) : this.int16(-1)
    const size = Buffer.byteLength(value)
    // The broker would close the connection, and so fail other requests on it.
    if (size > STRING_LIMIT_BYTES)
      throw new RangeError(`A string for Kafka is longer than ${STRING_LIMIT_BYTES} bytes.`)
    if (this.flexible) this.uvarint(size + 1)
    else this.int16(size)
    const at = this.#grow(size)
    this.#buffer.write(value, at, 'utf8')
    return this
  }

  /** Writes length-prefixed bytes, copied. */
  bytes(value: Buffer): this {
    if (this.flexible) this.uvarint(value.length + 1)
    else this.int32(value.length)
    return this.raw(value)
  }

  /** Writes length-prefixed bytes without copying them: they must not change until the parts are sent. */
  reference(value: Buffer): this {
    if (this.flexible) this.uvarint(value.length + 1)
    else this.int32(value.length)
    this.#references.push({ at: this.#length, bytes: value })
    return this
  }

  raw(value: Buffer): this {
    const at = this.#grow(value.length)
    value.copy(this.#buffer, at)
    return this
  }

  /** Writes an empty set of tagged fields; nothing in the older encodings. */
  noTags(): this {
    return this.flexible ? this.uvarint(0) : this
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** Returns what was written in pieces: our own, and between them those of {@link reference}. */
  finishParts(): Buffer[] {
    const parts: Buffer[] = []
    let start = 0
    for (const { at, bytes } of this.#references) {
      parts.push(this.#buffer.subarray(start, at), bytes)
      start = at
    }
    parts.push(this.#buffer.subarray(start, this.#length))
    return parts
  }

  /** Makes room and returns its position. Call it before you read `#buffer`, which it may replace. */
  #grow(bytes: number): number {
    const at = this.#length
    const needed = at + bytes
    if (needed > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
      this.#buffer.copy(larger, 0, 0, at)
      this.#buffer = larger
    }
    this.#length = needed
    return at
  }
}
