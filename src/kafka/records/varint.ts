/**
 * Zigzag varints of Kafka's record format. `varlong` is exact up to ±2^52, which covers every difference of two timestamps
 * of JavaScript's Date.
 * @see https://kafka.apache.org/documentation/#record
 */

export function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  if (zigzag < 0x80) return 1
  if (zigzag < 0x4000) return 2
  if (zigzag < 0x20_0000) return 3
  return zigzag < 0x1000_0000 ? 4 : 5
}

/** Returns the position after the last byte written. */
export function writeVarint(target: Buffer, position: number, value: number): number {
  let zigzag = ((value << 1) ^ (value >> 31)) >>> 0
  while (zigzag > 0x7f) {
    target[position++] = (zigzag & 0x7f) | 0x80
    zigzag >>>= 7
  }
  target[position++] = zigzag
  return position
}

export function varlongSize(value: number): number {
  if (value >= -0x4000_0000 && value < 0x4000_0000) return varintSize(value)
  let zigzag = value < 0 ? -value * 2 - 1 : value * 2
  let size = 1
  while (zigzag > 0x7f) {
    zigzag = Math.floor(zigzag / 128)
    size++
  }
  return size
}

export function writeVarlong(target: Buffer, position: number, value: number): number {
  if (value >= -0x4000_0000 && value < 0x4000_0000) return writeVarint(target, position, value)
  let zigzag = value < 0 ? -value * 2 - 1 : value * 2
  while (zigzag > 0x7f) {
    target[position++] = (zigzag % 128) | 0x80
    zigzag = Math.floor(zigzag / 128)
  }
  target[position++] = zigzag
  return position
}

/** Reads consecutive varints. Sets {@link failed} if one is too long or reaches past the end. */
export class VarintReader {
  buffer: Buffer = Buffer.alloc(0)
  position = 0
  /** Exclusive bound of what may be read. */
  end = 0
  failed = false

  reset(buffer: Buffer, position: number, end: number): void {
    this.buffer = buffer
    this.position = position
    this.end = end
    this.failed = false
  }

  varint(): number {
    const { position } = this
    const byte = position < this.end ? this.buffer[position] : 0x80
    if (byte > 0x7f) return this.#longVarint()
    this.position = position + 1
    return (byte >>> 1) ^ -(byte & 1)
  }

  varlong(): number {
    const { position } = this
    const byte = position < this.end ? this.buffer[position] : 0x80
    if (byte > 0x7f) return this.#longVarlong()
    this.position = position + 1
    return (byte >>> 1) ^ -(byte & 1)
  }

  #longVarint(): number {
    let zigzag = 0
    for (let shift = 0; shift < 35 && this.position < this.end; shift += 7) {
      const byte = this.buffer[this.position++]
      zigzag |= (byte & 0x7f) << shift
      if (byte < 0x80) return (zigzag >>> 1) ^ -(zigzag & 1)
    }
    return this.#fail()
  }

  #longVarlong(): number {
    let zigzag = 0
    for (let factor = 1; factor < 2 ** 70 && this.position < this.end; factor *= 128) {
      const byte = this.buffer[this.position++]
      zigzag += (byte & 0x7f) * factor
      if (byte < 0x80) return zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2
    }
    return this.#fail()
  }

  #fail(): number {
    this.failed = true
    return 0
  }
}
