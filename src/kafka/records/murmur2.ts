const SEED = 0x9747b28c
const MIX = 0x5bd1e995

/**
 * MurmurHash2, 32 bits, as Kafka's Java client computes it over a key; signed like a Java int.
 * @see https://github.com/apache/kafka/blob/trunk/clients/src/main/java/org/apache/kafka/common/utils/Utils.java
 */
export function murmur2(bytes: Uint8Array, start: number, length: number): number {
  let hash = SEED ^ length
  let at = start
  for (let words = length >> 2; words > 0; words--, at += 4) {
    let word = bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)
    word = Math.imul(word, MIX)
    word ^= word >>> 24
    hash = Math.imul(hash, MIX) ^ Math.imul(word, MIX)
  }
  const rest = length & 3
  if (rest > 0) {
    if (rest === 3) hash ^= bytes[at + 2] << 16
    if (rest >= 2) hash ^= bytes[at + 1] << 8
    hash = Math.imul(hash ^ bytes[at], MIX)
  }
  hash = Math.imul(hash ^ (hash >>> 13), MIX)
  return hash ^ (hash >>> 15)
}

/** The partition that Kafka's Java client sends a keyed record to. */
export function partitionForKey(bytes: Uint8Array, start: number, length: number, partitionCount: number): number {
  return (murmur2(bytes, start, length) & 0x7fffffff) % partitionCount
}
