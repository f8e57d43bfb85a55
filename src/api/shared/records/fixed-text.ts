/** A text in visible ASCII, ready to be written eight bytes at a time. */
export interface FixedText {
  readonly length: number
  /**
   * Little-endian; the last one is filled up with zeros. A double is all that JavaScript moves eight bytes of at once. It may
   * change the bits of NaN only, which eight visible characters never are.
   */
  readonly words: Float64Array
}

/** @param ascii must not hold other characters than visible ASCII */
export function fixedText(ascii: string): FixedText {
  const bytes = Buffer.alloc(Math.ceil(ascii.length / 8) * 8)
  bytes.write(ascii, 'latin1')
  return {
    length: ascii.length,
    words: Float64Array.from({ length: bytes.length / 8 }, (_, at) => bytes.readDoubleLE(at * 8))
  }
}
