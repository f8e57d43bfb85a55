/** Also where the length is written in another way: Kafka reads none that is longer. */
const STRING_LIMIT_BYTES = 32_767

/**
 * Writes the primitive types of Kafka's protocol into one buffer whose final size the caller need not know.
 * @see https://kafka.apache.org/protocol#protocol_types
 */
export class WireWriter {
  /** KIP-482: compact lengths and tagged fields. */
  readonly flexible: boolean
  #buffer: Buffer
  #length = 0
  /** Bytes of others that stand at these places, between our own. */
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
    // The broker would drop the connection, with what others have under way on it.
    if (size > STRING_LIMIT_BYTES)
      throw new RangeError(`A string for Kafka is longer than ${STRING_LIMIT_BYTES} bytes.`)
    if (this.flexible) this.uvarint(size + 1)
    else this.int16(size)
    const at = this.#grow(size)
    this.#buffer.write(value, at, 'utf8')
    return this
  }

  /** Length-prefixed bytes, copied. */
  bytes(value: Buffer): this {
    if (this.flexible) this.uvarint(value.length + 1)
    else this.int32(value.length)
    return this.raw(value)
  }

  /** Length-prefixed bytes, not copied: they must stay as they are until the parts are sent. */
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

  /** The empty set of tagged fields; nothing in the older encodings. */
  noTags(): this {
    return this.flexible ? this.uvarint(0) : this
  }

  finish(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** What was written, in pieces: our own and those of {@link reference}. */
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

  /** Makes room and returns where it begins. Call it before `#buffer` is named: it may be another one afterwards. */
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
