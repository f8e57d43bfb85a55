const MAGIC = 0x184d2204
/** Largest block, by the code in the header. */
const BLOCK_BYTES: readonly number[] = [0, 0, 0, 0, 64 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024]
const FLAGS_AT = 4
const BLOCK_SIZE_AT = 5
const VERSION = 0x40
const INDEPENDENT_BLOCKS = 0x20
const BLOCK_CHECKSUMS = 0x10
const CONTENT_SIZE = 0x08
const STORED = 0x80000000

/**
 * Returns the decompressed size of a frame, or an upper bound of it that is not above `limitBytes`: a frame need not hold its
 * content size, only the largest size of a block. Throws RangeError if it is malformed or cut off.
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */
export function lz4Bound(frame: Buffer, limitBytes: number): number {
  const blockLimitBytes = BLOCK_BYTES[blockSizeCode(frame)]
  let bound = 0
  walkBlocks(frame, (_start, _end, stored) => {
    bound += stored >= 0 ? stored : blockLimitBytes
  })
  if (bound <= limitBytes) return bound
  let size = 0
  walkBlocks(frame, (start, end, stored) => {
    size += stored >= 0 ? stored : sizeOfBlock(frame, start + 4, end)
  })
  return size
}

/** Adds up the lengths of literals and matches without copying them. */
function sizeOfBlock(frame: Buffer, start: number, end: number): number {
  let size = 0
  for (let at = start; at < end;) {
    const token = frame[at++]
    let literals = token >> 4
    if (literals === 15) for (let more = 255; more === 255 && at < end; literals += more) more = frame[at++]
    at += literals
    size += literals
    // The last sequence has no match.
    if (at >= end) break
    at += 2
    let match = token & 15
    if (match === 15) for (let more = 255; more === 255 && at < end; match += more) more = frame[at++]
    size += match + 4
  }
  return size
}

/**
 * Splits a frame with independent blocks into frames that each decompress to at most so many bytes, or hold one block.
 * Returns a frame whole if its blocks depend on one another.
 */
export function lz4Pieces(frame: Buffer, pieceBytes: number): Buffer[] {
  if ((frame[FLAGS_AT] & INDEPENDENT_BLOCKS) === 0) return [frame]
  const code = blockSizeCode(frame)
  const blocksPerPiece = Math.max(1, Math.floor(pieceBytes / BLOCK_BYTES[code]))
  const header = Buffer.alloc(7)
  header.writeUInt32LE(MAGIC, 0)
  header[FLAGS_AT] = VERSION | INDEPENDENT_BLOCKS
  header[BLOCK_SIZE_AT] = code << 4
  header[6] = headerChecksum(header, 7)
  const end = Buffer.alloc(4)
  const blocks: Buffer[] = []
  walkBlocks(frame, (from, to) => blocks.push(frame.subarray(from, to)))
  const pieces: Buffer[] = []
  for (let at = 0; at < blocks.length; at += blocksPerPiece)
    pieces.push(Buffer.concat([header, ...blocks.slice(at, at + blocksPerPiece), end]))
  return pieces
}

/**
 * Returns a copy of the frame with the right header checksum. Before message format 1 Kafka's clients included the magic
 * number in it, and brokers store what they are sent (KAFKA-3160).
 */
export function withHeaderChecksum(frame: Buffer): Buffer {
  const end = headerEnd(frame)
  const copy = Buffer.from(frame)
  copy.writeUInt8(headerChecksum(frame, end), end - 1)
  return copy
}

function blockSizeCode(frame: Buffer): number {
  if (frame.readUInt32LE(0) !== MAGIC) throw new RangeError('no LZ4 frame')
  return (frame.readUInt8(BLOCK_SIZE_AT) >> 4) & 7
}

function headerEnd(frame: Buffer): number {
  return 7 + (frame.readUInt8(FLAGS_AT) & CONTENT_SIZE ? 8 : 0)
}

/** Visits each block with its length field, without its checksum. `stored`: its size if it is not compressed, else −1. */
function walkBlocks(frame: Buffer, visit: (start: number, end: number, stored: number) => void): void {
  const checksumBytes = frame.readUInt8(FLAGS_AT) & BLOCK_CHECKSUMS ? 4 : 0
  for (let at = headerEnd(frame); ;) {
    const size = frame.readUInt32LE(at)
    if (size === 0) return
    const bytes = size & 0x7fffffff
    visit(at, at + 4 + bytes, size >= STORED ? bytes : -1)
    at += 4 + bytes + checksumBytes
  }
}

function headerChecksum(frame: Buffer, end: number): number {
  return (xxh32(frame.subarray(FLAGS_AT, end - 1)) >>> 8) & 0xff
}

/** xxHash32 with seed 0 of fewer than 16 bytes. */
function xxh32(bytes: Buffer): number {
  let hash = (0x165667b1 + bytes.length) | 0
  let at = 0
  for (; at + 4 <= bytes.length; at += 4)
    hash = Math.imul(rotated(hash + Math.imul(bytes.readInt32LE(at), 0xc2b2ae3d), 17), 0x27d4eb2f)
  for (; at < bytes.length; at++) hash = Math.imul(rotated(hash + Math.imul(bytes[at], 0x165667b1), 11), 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca77)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae3d)
  return hash ^ (hash >>> 16)
}

function rotated(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
