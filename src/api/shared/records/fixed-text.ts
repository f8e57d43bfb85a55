/** A fixed text in visible ASCII, ready to be written eight bytes at a time. */
export interface FixedText {
  readonly length: number
  /**
   * Little-endian; the last one is filled up with zeros. Numbers are the one thing that JavaScript moves eight bytes of at
   * once: eight visible characters are never NaN, whose bits it may change.
   */
  readonly words: Float64Array
}

export function fixedText(ascii: string): FixedText {
  const bytes = Buffer.alloc(Math.ceil(ascii.length / 8) * 8)
  bytes.write(ascii, 'latin1')
  return {
    length: ascii.length,
    words: Float64Array.from({ length: bytes.length / 8 }, (_, at) => bytes.readDoubleLE(at * 8))
  }
}
