/**
 * Returns a copy with memory of its own, for bytes that are kept for long: a part of Node's pool, or of an answer, would keep
 * all of that.
 */
export function ownBytes(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}
