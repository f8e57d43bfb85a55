import { VarintReader } from './varint.ts'

/** Shared by all records, because reading is synchronous. */
const varints = new VarintReader()

/**
 * Reads records, one at a time, into fields: positions and lengths in the bytes. A length of −1 is null.
 * @see https://kafka.apache.org/documentation/#record
 */
export class RecordReader {
  timestampDelta = 0
  offsetDelta = 0
  keyStart = 0
  keyLength = 0
  valueStart = 0
  valueLength = 0
  headersStart = 0
  headerCount = 0
  /** Exclusive. */
  end = 0

  /** Reads the record that begins at `start`. Returns false if its lengths do not add up. */
  read(bytes: Buffer, start: number): boolean {
    return this.#readShort(bytes, start) || this.#readAny(bytes, start)
  }

  /**
   * Reads a record without headers whose numbers all have one or two bytes, as nearly all do, without a branch for each
   * number: that is faster, and so is code written out instead of a method (docs/performance.md). Returns false for any
   * other record, and for a malformed one.
   */
  #readShort(bytes: Buffer, start: number): boolean {
    let first = bytes[start]
    let second = bytes[start + 1]
    let long = first & second
    let position = start + 1 + (first >>> 7)
    const end = position + shortNumber(first, second)
    position++ // attributes: none are defined

    first = bytes[position]
    second = bytes[position + 1]
    long |= first & second
    position += 1 + (first >>> 7)
    this.timestampDelta = shortNumber(first, second)

    first = bytes[position]
    second = bytes[position + 1]
    long |= first & second
    position += 1 + (first >>> 7)
    this.offsetDelta = shortNumber(first, second)

    first = bytes[position]
    second = bytes[position + 1]
    long |= first & second
    position += 1 + (first >>> 7)
    const keyLength = shortNumber(first, second)
    this.keyStart = position
    if (keyLength > 0) position += keyLength

    first = bytes[position]
    second = bytes[position + 1]
    long |= first & second
    position += 1 + (first >>> 7)
    const valueLength = shortNumber(first, second)
    this.valueStart = position
    if (valueLength > 0) position += valueLength

    this.keyLength = keyLength
    this.valueLength = valueLength
    this.headersStart = position
    this.headerCount = 0
    this.end = end
    return (long & 0x80) === 0 && bytes[position] === 0 && position + 1 === end && keyLength >= -1 && valueLength >= -1
  }

  #readAny(bytes: Buffer, start: number): boolean {
    varints.reset(bytes, start, bytes.length)
    const length = varints.varint()
    const end = varints.position + length
    if (varints.failed || length < 1 || end > bytes.length) return false
    varints.end = end
    varints.position++
    this.timestampDelta = varints.varlong()
    this.offsetDelta = varints.varint()
    this.keyLength = varints.varint()
    this.keyStart = varints.position
    if (this.keyLength > 0) varints.position += this.keyLength
    this.valueLength = varints.varint()
    this.valueStart = varints.position
    if (this.valueLength > 0) varints.position += this.valueLength
    this.headersStart = varints.position
    this.headerCount = varints.varint()
    if (this.headerCount !== 0) skipHeaders(this.headerCount)
    this.end = end
    return !varints.failed && varints.position === end && this.keyLength >= -1 && this.valueLength >= -1
  }
}

/** Returns where the headers that begin at `start` end. They must have been read before. */
export function endOfHeaders(bytes: Buffer, start: number): number {
  varints.reset(bytes, start, bytes.length)
  skipHeaders(varints.varint())
  return varints.position
}

/** Returns whether a name or value of the headers that begin at `start` passes. They must have been read before. */
export function headersHold(
  bytes: Buffer,
  start: number,
  passes: (bytes: Buffer, start: number, end: number) => boolean
): boolean {
  varints.reset(bytes, start, bytes.length)
  for (let left = 2 * varints.varint(); left > 0; left--) {
    const length = varints.varint()
    const begin = varints.position
    if (length > 0) varints.position += length
    if (length > 0 && passes(bytes, begin, begin + length)) return true
  }
  return false
}

/** Decodes a zigzag varint whose first byte says whether the second belongs to it. */
function shortNumber(first: number, second: number): number {
  const zigzag = (first & 0x7f) | ((second & -(first >>> 7)) << 7)
  return (zigzag >>> 1) ^ -(zigzag & 1)
}

function skipHeaders(count: number): void {
  if (count < 0) varints.failed = true
  for (let left = count; left > 0 && !varints.failed; left--) {
    const keyLength = varints.varint()
    if (keyLength < 0) varints.failed = true
    varints.position += keyLength
    const valueLength = varints.varint()
    if (valueLength < -1) varints.failed = true
    if (valueLength > 0) varints.position += valueLength
  }
}
