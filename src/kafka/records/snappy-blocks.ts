const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0])
const XERIAL_HEADER_BYTES = 16

/** Returns the raw blocks: of Java's xerial framing, or the one of raw Snappy. Throws RangeError if one is cut off. */
export function snappyBlocks(bytes: Buffer): Buffer[] {
  if (!bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) return [bytes]
  const blocks: Buffer[] = []
  for (let at = XERIAL_HEADER_BYTES; at < bytes.length;) {
    const end = at + 4 + bytes.readUInt32BE(at)
    if (end > bytes.length) throw new RangeError('a Snappy block is cut off')
    blocks.push(bytes.subarray(at + 4, end))
    at = end
  }
  return blocks
}

/** Returns the decompressed size that the blocks announce. */
export function snappyBound(blocks: readonly Buffer[]): number {
  return blocks.reduce((sum, block) => sum + blockBytes(block), 0)
}

function blockBytes(block: Buffer): number {
  let length = 0
  for (let at = 0; at < 5; at++) {
    const byte = block.readUInt8(at)
    length += (byte & 0x7f) * 128 ** at
    if (byte < 0x80) return length
  }
  throw new RangeError('the length of a Snappy block has more than five bytes')
}
