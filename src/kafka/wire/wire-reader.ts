/**
 * Reads the primitive types of Kafka's protocol from an answer in one buffer. Throws RangeError at its end, as Buffer's own
 * methods do.
 * @see https://kafka.apache.org/protocol#protocol_types
 */
export class WireReader {
  readonly buffer: Buffer
  position: number
  /** KIP-482: compact lengths and tagged fields. */
  readonly flexible: boolean

  constructor(buffer: Buffer, flexible: boolean, position = 0) {
    this.buffer = buffer
    this.flexible = flexible
    this.position = position
  }

  int8(): number {
    return this.buffer.readInt8(this.position++)
  }

  int16(): number {
    this.position += 2
    return this.buffer.readInt16BE(this.position - 2)
  }

  int32(): number {
    this.position += 4
    return this.buffer.readInt32BE(this.position - 4)
  }

  /** Exact up to 2^53, which offsets and milliseconds never reach. */
  int64(): number {
    this.position += 8
    return this.buffer.readInt32BE(this.position - 8) * 0x1_0000_0000 + this.buffer.readUInt32BE(this.position - 4)
  }

  bigint64(): bigint {
    this.position += 8
    return this.buffer.readBigInt64BE(this.position - 8)
  }

  uvarint(): number {
    let value = 0
    let factor = 1
    for (let read = 0; read < 5; read++) {
      const byte = this.buffer.readUInt8(this.position++)
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
      factor *= 128
    }
    throw new RangeError('An unsigned varint has more than five bytes')
  }

  /** Returns the number of elements of an array; −1 for null. */
  arrayLength(): number {
    return this.flexible ? this.uvarint() - 1 : this.int32()
  }

  /** Returns null if the length is that of null. */
  string(): string | null {
    const length = this.flexible ? this.uvarint() - 1 : this.int16()
    return length < 0 ? null : this.slice(length).toString('utf8')
  }

  /** Returns a view, not a copy; null if the length is that of null. */
  bytes(): Buffer | null {
    const length = this.flexible ? this.uvarint() - 1 : this.int32()
    return length < 0 ? null : this.slice(length)
  }

  slice(length: number): Buffer {
    const end = this.position + length
    if (end > this.buffer.length) throw new RangeError(`The answer ends ${end - this.buffer.length} bytes early`)
    const view = this.buffer.subarray(this.position, end)
    this.position = end
    return view
  }

  skipTags(): void {
    if (!this.flexible) return
    const count = this.uvarint()
    for (let tag = 0; tag < count; tag++) {
      this.uvarint()
      this.slice(this.uvarint())
    }
  }
}
